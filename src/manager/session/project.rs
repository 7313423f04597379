//! The project that this session works in, and all that narrows the accounts that it may use there. What holds is looked up behind
//! the requests, which only read it: to ask `git` takes a while.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};

use super::Session;
use super::event::Level;
use crate::config::Config;
pub use crate::config::projects::of_settings;
use crate::config::projects::{OPTIONS, Projects};
use crate::domain::projects::{Allowed, Bound, Bounds, Standing};
use crate::env::Environment;
use crate::folders::{self, Found, Question};

/// Where a session works, and what it was told beside the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The workspace folders.
    pub folders: Vec<PathBuf>,
    /// What a flag, an editor's options and the environment say: it only narrows what the rules leave.
    pub told: Vec<Bound>,
    /// What the editor's settings say since they were changed, in the place of its options.
    pub settings: Option<Vec<Bound>>,
}

impl Given {
    /// All that was told, as it is now.
    fn told(&self) -> Vec<Bound> {
        let is_replaced = |bound: &&Bound| self.settings.is_some() && bound.name == OPTIONS;
        self.told.iter().filter(|bound| !is_replaced(bound)).chain(self.settings.iter().flatten()).cloned().collect()
    }
}

/// What holds where a session works.
pub struct Project {
    /// What `git` is started with.
    environment: Environment,
    given: Mutex<Given>,
    holds: RwLock<Arc<Standing>>,
    /// What that was made from. Held for as long as somebody looks.
    looked: Mutex<Option<Looked>>,
    /// Why nothing may be used, as it was last reported.
    nothing_left: Mutex<Option<String>>,
}

/// What was looked at last.
struct Looked {
    asked: Asked,
    found: Found,
}

/// What says what is to be looked at.
#[derive(PartialEq)]
struct Asked {
    projects: Projects,
    reads_files: bool,
    given: Given,
}

impl Project {
    /// Nothing may be used before somebody has looked.
    pub fn new(given: Given, environment: Environment) -> Project {
        let unknown = Bound { name: "`projects`".to_owned(), accounts: Err("the rules are being read".to_owned()) };
        let holds = Standing { bounds: Bounds::new(vec![unknown]), ..Standing::default() };
        Project {
            environment,
            given: Mutex::new(given),
            holds: RwLock::new(Arc::new(holds)),
            looked: Mutex::default(),
            nothing_left: Mutex::default(),
        }
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.holds.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn asked(&self, config: &Config) -> Asked {
        Asked { projects: config.projects.clone(), reads_files: config.project_files(), given: self.given().clone() }
    }

    /// Whether to look again.
    fn has_changed(&self, config: &Config) -> bool {
        let looked = match self.looked.try_lock() {
            Ok(looked) => looked,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Somebody looks now; whatever that does not see shows the next time.
            Err(TryLockError::WouldBlock) => return false,
        };
        looked.as_ref().is_none_or(|looked| looked.asked != self.asked(config) || looked.found.has_changed())
    }

    /// Looks, and returns what holds now if that is another thing.
    fn look(&self, config: &Config) -> Option<Arc<Standing>> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = self.asked(config);
        let Asked { projects, reads_files, given } = &asked;
        let question = Question {
            rules: &projects.rules,
            folders: &given.folders,
            reads_files: *reads_files,
            environment: &self.environment,
        };
        let found = folders::look(question, looked.as_ref().map(|looked| &looked.found));
        let standing = Standing::new(&found.rules, projects.broken.as_deref(), &found.places, &given.told());
        *looked = Some(Looked { asked, found });
        let mut holds = self.holds.write().unwrap_or_else(PoisonError::into_inner);
        if **holds == standing {
            return None;
        }
        *holds = Arc::new(standing);
        Some(Arc::clone(&holds))
    }
}

impl Session {
    /// All that holds for this session where it works; nothing for a process that does nothing for a project.
    pub fn standing(&self) -> Arc<Standing> {
        self.project.as_ref().map_or_else(Arc::default, Project::standing)
    }

    /// Whether what says what this session may use was changed. Some calls of `stat`.
    pub fn has_project_changed(&self) -> bool {
        self.project.as_ref().is_some_and(|project| project.has_changed(&self.config()))
    }

    /// Looks at what this session may use, and reports what is new of it. It may ask `git`, so no request must wait for it.
    pub fn look_at_project(&self) {
        let before = self.standing();
        let looked = self.project.as_ref().and_then(|project| project.look(&self.config()));
        let Some(standing) = looked else { return };
        self.follow_rule(standing.strategy());
        for warning in standing.warnings.iter().filter(|warning| !before.warnings.contains(warning)) {
            tracing::warn!("{warning}");
            self.notice(Level::Warning, warning.clone());
        }
        self.changes.touch();
    }

    /// From now on the session works elsewhere, or something else narrows it. It is for the caller to look.
    pub fn change_project(&self, change: impl FnOnce(&mut Given)) {
        if let Some(project) = &self.project {
            change(&mut project.given());
        }
    }

    /// Warns that this session may use no account, once for each reason.
    pub fn report_nothing_left(&self, allowed: &Allowed) {
        let Some(project) = &self.project else { return };
        let why = allowed.is_empty().then(|| allowed.sentences());
        let mut known = project.nothing_left.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == why {
            return;
        }
        known.clone_from(&why);
        drop(known);
        if let Some(why) = why {
            self.warn(format!("this session may use no account.{why}"));
        }
    }
}
