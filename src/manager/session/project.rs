//! The project that this session works in, and all that narrows the accounts that it may use there.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::Session;
use crate::config::Config;
use crate::domain::projects::{Bound, Bounds, Folder, holding};
use crate::env::Environment;
use crate::files;
use crate::repository;

/// Where a session works, and what it was told beside the rules.
#[derive(Default)]
pub struct Project {
    /// The workspace folders, links resolved.
    folders: Vec<PathBuf>,
    /// What `git` is started with.
    environment: Environment,
    /// What a flag, an editor's options and the environment say: it only narrows what the rules leave.
    told: Vec<Bound>,
    /// What was made of the configuration last.
    known: Mutex<Option<(Arc<Config>, Arc<Bounds>)>>,
}

impl Project {
    /// Works in `folders`.
    pub fn new(folders: &[PathBuf], environment: Environment, told: Vec<Bound>) -> Project {
        let resolved = |folder: &PathBuf| files::real_path(folder).unwrap_or_else(|_| folder.clone());
        let folders = folders.iter().map(resolved).collect();
        Project { folders, environment, told, known: Mutex::default() }
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
        let mut bounds: Vec<Bound> = Vec::new();
        bounds.extend(
            projects.broken.as_ref().map(|why| Bound { name: "`projects`".to_owned(), accounts: Err(why.clone()) }),
        );
        let asks_for_remotes = projects.rules.iter().any(|rule| rule.remote.is_some());
        for path in &self.folders {
            let found = if asks_for_remotes { repository::remotes(path, &self.environment) } else { Ok(Vec::new()) };
            // Where nobody can tell which rules hold, none may be passed over.
            let remotes = found.unwrap_or_else(|why| {
                bounds.push(Bound {
                    name: format!("the rules by `remote` for `{}`", path.display()),
                    accounts: Err(why),
                });
                Vec::new()
            });
            let folder = Folder { path: path.clone(), remotes };
            for rule in holding(&projects.rules, &folder) {
                let bound = Bound { name: rule.title(), accounts: Ok(rule.accounts.clone()) };
                if !bounds.contains(&bound) {
                    bounds.push(bound);
                }
            }
        }
        bounds.into_iter()
    }
}

impl Session {
    /// All that narrows the accounts that this session may use.
    pub fn bounds(&self) -> Arc<Bounds> {
        self.project.bounds(&self.config())
    }
}
