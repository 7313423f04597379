//! This process among its siblings: who it is, what it is configured to do, what it reports to its doors, and its record in the
//! accounts file. It knows no account.

pub mod alive;
mod announcer;
mod changes;
mod channel;
pub mod configuration;
mod data_folder;
pub mod event;
mod identity;
mod project;
mod registration;
pub(super) mod tasks;
pub mod words;

pub use changes::Changes;
pub use channel::EventReceiver;
pub use identity::{Identity, random_id, random_key, reached_at};
pub use project::{BY_REMOTE, Given, Project, WORKING_FOLDER, of_settings};
pub use registration::{LONGEST_FOLDER, LONGEST_PROGRAM};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::store::{DataFolders, Store};
use announcer::Announcer;
use configuration::Configuration;
use registration::Registration;
use tasks::Tasks;

/// This process among its siblings.
pub struct Session {
    identity: Identity,
    clock: Clock,
    folders: DataFolders,
    store: Store,
    configuration: Configuration,
    /// `None` for a process that nothing narrows.
    project: Option<Project>,
    announcer: Announcer,
    registration: Registration,
    tasks: Tasks,
    changes: Changes,
    /// Wakes whoever waits for a change of what may be used.
    rules: Notify,
}

impl Session {
    /// Writes nothing. `folders` are those of its data, and `store` is the accounts file, where its siblings stand.
    pub fn new(
        identity: Identity,
        clock: Clock,
        configuration: Configuration,
        project: Option<Project>,
        folders: DataFolders,
        store: Store,
    ) -> Session {
        Session {
            identity,
            clock,
            folders,
            store,
            configuration,
            project,
            announcer: Announcer::default(),
            registration: Registration::default(),
            tasks: Tasks::default(),
            changes: Changes::default(),
            rules: Notify::new(),
        }
    }

    /// Who this process is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The time as people read it.
    pub fn spelled_now(&self) -> String {
        self.clock.spelled(self.clock.now())
    }

    /// The writes that a request does not wait for.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// What counts the changes that the pool shows.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Until the configuration or what holds for this session changes after this call.
    pub fn rules_change(&self) -> Notified<'_> {
        self.rules.notified()
    }

    fn touch_rules(&self) {
        self.changes.touch();
        self.rules.notify_waiters();
    }
}
