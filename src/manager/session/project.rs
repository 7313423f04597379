//! The project that this session works in, and all that narrows the accounts that it may use there.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Session;
use crate::config::Config;
use crate::domain::projects::{Bound, Bounds, Folder, Remote, Rule, holding};
use crate::files;

/// Where a session works, and what it was told beside the rules.
#[derive(Default)]
pub struct Project {
    /// The workspace folders, links resolved.
    folders: Vec<PathBuf>,
    /// What a flag, an editor's options and the environment say: it only narrows what the rules leave.
    told: Vec<Bound>,
    /// What was made of the configuration last.
    known: Mutex<Option<(Arc<Config>, Arc<Bounds>)>>,
}

impl Project {
    /// Works in `folders`.
    pub fn new(folders: &[PathBuf], told: Vec<Bound>) -> Project {
        let resolved = |folder: &PathBuf| files::real_path(folder).unwrap_or_else(|_| folder.clone());
        Project { folders: folders.iter().map(resolved).collect(), told, known: Mutex::default() }
    }

    fn bounds(&self, config: &Arc<Config>) -> Arc<Bounds> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, bounds)) = &*known
            && Arc::ptr_eq(of, config)
        {
            return Arc::clone(bounds);
        }
        let bounds = Arc::new(Bounds::new(self.by_rules(config).chain(self.told.iter().cloned()).collect()));
        *known = Some((Arc::clone(config), Arc::clone(&bounds)));
        bounds
    }

    /// What the rules of `config` say of the folders: of several, each must allow an account.
    fn by_rules(&self, config: &Config) -> impl Iterator<Item = Bound> {
        let projects = &config.projects;
        let broken =
            projects.broken.as_ref().map(|why| Bound { name: "`projects`".to_owned(), accounts: Err(why.clone()) });
        let mut rules: Vec<&Rule> = Vec::new();
        for rule in self.folders.iter().flat_map(|path| holding(&projects.rules, &look(path, &projects.rules))) {
            if rules.iter().all(|known| known.number != rule.number) {
                rules.push(rule);
            }
        }
        let by_rule = rules.into_iter().map(|rule| Bound { name: rule.title(), accounts: Ok(rule.accounts.clone()) });
        broken.into_iter().chain(by_rule).collect::<Vec<_>>().into_iter()
    }
}

/// The folder as rules see it. Its remotes are asked for only where a rule does.
fn look(path: &Path, rules: &[Rule]) -> Folder {
    let remotes = rules.iter().any(|rule| rule.remote.is_some()).then(|| remotes(path)).unwrap_or_default();
    Folder { path: path.to_owned(), remotes }
}

fn remotes(_folder: &Path) -> Vec<Remote> {
    Vec::new()
}

impl Session {
    /// All that narrows the accounts that this session may use.
    pub fn bounds(&self) -> Arc<Bounds> {
        self.project.bounds(&self.config())
    }
}
