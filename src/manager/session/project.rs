//! The project that this session works in, and all that narrows the accounts that it may use there. What holds is looked up behind
//! the requests, which only read it: to ask `git` takes a while.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::Duration;

use tokio::sync::watch;

use super::Session;
use super::event::Level;
use crate::config::Config;
pub use crate::config::projects::of_settings;
use crate::config::projects::{OPTIONS, Projects};
use crate::domain::projects::{Allowed, Bound, Bounds, Standing};
use crate::domain::time::Timestamp;
use crate::env::Environment;
use crate::folders::{self, Found, Places, Question};
pub use crate::folders::{BY_REMOTE, WORKING_FOLDER};

/// How long a request waits for a folder that was just opened; after it the request is refused, and the answer says why.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a session works, and what narrows it beside the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The workspace folders.
    pub folders: Vec<PathBuf>,
    /// What a flag, an editor's options and the environment say: it only narrows what the rules leave.
    pub bounds: Vec<Bound>,
    /// What the editor's settings say since they were changed, in the place of its options.
    pub settings: Option<Vec<Bound>>,
}

impl Given {
    /// All that narrows it, as it is now.
    fn all_bounds(&self) -> Vec<Bound> {
        let is_replaced = |bound: &&Bound| self.settings.is_some() && bound.name == OPTIONS;
        self.bounds.iter().filter(|bound| !is_replaced(bound)).chain(self.settings.iter().flatten()).cloned().collect()
    }
}

/// What holds where a session works.
pub struct Project {
    /// What `git` is started with.
    environment: Environment,
    given: Mutex<Given>,
    holds: RwLock<Holds>,
    /// What that was made from. Held for as long as somebody looks.
    looked: Mutex<Option<Looked>>,
    /// Whether a folder was opened that nobody has looked at yet.
    is_unread: watch::Sender<bool>,
    /// Why nothing may be used, as it was last reported.
    nothing_left: Mutex<Option<String>>,
}

/// What holds now.
struct Holds {
    standing: Arc<Standing>,
    /// The rules and folders that it was made from, once somebody has looked.
    seen: Option<Seen>,
}

/// What was seen of rules and folders.
struct Seen {
    places: Places,
    /// Why nobody can tell what the rules say.
    broken: Option<String>,
    /// Whether a folder that nobody has seen may be under something.
    can_narrow: bool,
}

impl Seen {
    fn standing(&self, bounds: &[Bound]) -> Standing {
        Standing::new(&self.places.rules, self.broken.as_deref(), &self.places.folders, bounds)
    }
}

/// What was looked at last.
struct Looked {
    asked: Asked,
    found: Found,
    standing: Arc<Standing>,
}

/// What says what is to be looked at.
#[derive(PartialEq)]
struct Asked {
    projects: Projects,
    reads_files: bool,
    given: Given,
}

impl Asked {
    fn seen(&self, places: Places) -> Seen {
        let broken = self.projects.broken.clone();
        Seen { places, broken, can_narrow: self.reads_files || !self.projects.rules.is_empty() }
    }
}

impl Project {
    /// Nothing may be used before somebody has looked.
    pub fn new(given: Given, environment: Environment) -> Project {
        let unknown = Bound::new("`projects`", Err("the rules are being read".to_owned()));
        let standing = Standing { bounds: Bounds::new(vec![unknown]), ..Standing::default() };
        Project {
            environment,
            given: Mutex::new(given),
            holds: RwLock::new(Holds { standing: Arc::new(standing), seen: None }),
            looked: Mutex::default(),
            is_unread: watch::Sender::new(false),
            nothing_left: Mutex::default(),
        }
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.holds.read().unwrap_or_else(PoisonError::into_inner).standing)
    }

    fn asked(&self, config: &Config) -> Asked {
        Asked { projects: config.projects.clone(), reads_files: config.project_files(), given: self.given().clone() }
    }

    /// What was looked at last; `None` while somebody looks.
    fn looked(&self) -> Option<MutexGuard<'_, Option<Looked>>> {
        match self.looked.try_lock() {
            Ok(looked) => Some(looked),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            // Whatever that does not see shows the next time.
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Whether nothing has to be asked of the disk to know that nothing changed.
    fn is_still(&self, config: &Config) -> bool {
        let Some(looked) = self.looked() else { return true };
        looked.as_ref().is_some_and(|looked| looked.found.is_of_nothing() && looked.asked == self.asked(config))
    }

    /// Whether to look again.
    fn has_changed(&self, config: &Config) -> bool {
        let Some(looked) = self.looked() else { return false };
        looked.as_ref().is_none_or(|looked| looked.asked != self.asked(config) || looked.found.has_changed())
    }

    /// Changes where the session works or what narrows it. What follows for the folders that were seen holds from here on, and in one that
    /// nobody has seen nothing may be used: not even where it really is is known.
    fn change(&self, change: impl FnOnce(&mut Given)) {
        let mut given = self.given();
        change(&mut given);
        let mut holds = self.holds.write().unwrap_or_else(PoisonError::into_inner);
        let Some(Seen { places, broken, can_narrow }) = &holds.seen else { return };
        let (places, is_unread) = places.after(&given.folders, *can_narrow);
        let seen = Seen { places, broken: broken.clone(), can_narrow: *can_narrow };
        // What is to be known of the folders together is said once all of them were seen.
        let warnings = holds.standing.warnings.clone();
        holds.standing = Arc::new(Standing { warnings, ..seen.standing(&given.all_bounds()) });
        drop(holds);
        self.is_unread.send_replace(is_unread);
    }

    /// Lets `seen` hold, unless the session works elsewhere by now: then somebody looks once more.
    fn publish(&self, asked: &Asked, seen: Seen, is_whole: bool) -> Arc<Standing> {
        let standing = Arc::new(seen.standing(&asked.given.all_bounds()));
        let given = self.given();
        if *given == asked.given {
            *self.holds.write().unwrap_or_else(PoisonError::into_inner) =
                Holds { standing: Arc::clone(&standing), seen: Some(seen) };
            if is_whole {
                self.is_unread.send_replace(false);
            }
        }
        standing
    }

    /// Looks, and returns what held after the last look and what holds now if these differ. `touch` says that something else
    /// holds meanwhile: a `git` that takes its time does not keep rules from holding.
    fn look(&self, config: &Config, now: Timestamp, touch: impl FnOnce()) -> Option<(Arc<Standing>, Arc<Standing>)> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = self.asked(config);
        let Asked { projects, reads_files, given } = &asked;
        let question = Question {
            rules: &projects.rules,
            folders: &given.folders,
            reads_files: *reads_files,
            environment: &self.environment,
            now,
        };
        let last = looked.as_ref();
        if let Some(last) = last.filter(|last| last.asked != asked) {
            self.publish(&asked, asked.seen(folders::glance(question, &last.found)), false);
            touch();
        }
        let found = folders::look(question, last.map(|last| &last.found));
        let now = self.publish(&asked, asked.seen(found.places.clone()), true);
        let before = last.map(|last| Arc::clone(&last.standing)).unwrap_or_default();
        *looked = Some(Looked { asked, found, standing: Arc::clone(&now) });
        (before != now).then_some((before, now))
    }
}

impl Session {
    /// All that holds for this session where it works; nothing for a process that does nothing for a project.
    pub fn standing(&self) -> Arc<Standing> {
        self.project.as_ref().map_or_else(Arc::default, Project::standing)
    }

    /// The files in its folders that would narrow what it may use, while such files are not read.
    pub fn unread_files(&self) -> Vec<PathBuf> {
        let project = self.project.as_ref().filter(|_| !self.config().project_files());
        let folders = project.map(|project| project.given().folders.clone()).unwrap_or_default();
        folders.iter().flat_map(|folder| folders::narrowing_files(folder)).collect()
    }

    /// Whether it is known what holds in each of its folders.
    pub fn is_project_read(&self) -> bool {
        self.project.as_ref().is_none_or(|project| !*project.is_unread.borrow())
    }

    /// Until it is known what holds in folders that were just opened, which takes a moment: a request waits for it.
    pub async fn project_was_read(&self) {
        let Some(project) = self.project.as_ref().filter(|project| *project.is_unread.borrow()) else { return };
        let mut is_unread = project.is_unread.subscribe();
        drop(tokio::time::timeout(PATIENCE, is_unread.wait_for(|is_unread| !is_unread)).await);
    }

    /// Whether what says what this session may use can only have been changed by what this process knows, and was not.
    pub fn is_project_still(&self) -> bool {
        self.project.as_ref().is_none_or(|project| project.is_still(&self.config()))
    }

    /// Looks at what this session may use, if something of that was changed. On a file system that hangs it waits, and holds up
    /// nobody else.
    pub fn follow_project(&self) {
        if self.project.as_ref().is_some_and(|project| project.has_changed(&self.config())) {
            self.look_at_project();
        }
    }

    /// Looks at what this session may use, and reports what is new of it. It may ask `git`, so no request must wait for it.
    pub fn look_at_project(&self) {
        let Some(project) = &self.project else { return };
        let looked = project.look(&self.config(), self.now(), || self.touch_rules());
        self.touch_rules();
        let Some((before, now)) = looked else { return };
        self.follow_rule(now.strategy());
        for warning in now.warnings.iter().filter(|warning| !before.warnings.contains(warning)) {
            tracing::warn!("{warning}");
            self.notice(Level::Warning, warning.clone());
        }
    }

    /// From now on the session works elsewhere, or something else narrows it. It is for the caller to look.
    pub fn change_project(&self, change: impl FnOnce(&mut Given)) {
        if let Some(project) = &self.project {
            project.change(change);
            self.touch_rules();
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
