//! This process among its siblings: who it is, what it is configured to do, what it reports to its doors, and its record in the
//! accounts file. It knows no account.

pub mod alive;
mod announcer;
mod changes;
pub mod configuration;
mod data_folder;
pub mod event;
mod identity;
mod registration;
pub(super) mod tasks;
pub mod words;

pub use changes::Changes;
pub use identity::{Identity, random_id, random_key, reached_at};
pub use registration::{LONGEST_FOLDER, LONGEST_PROGRAM};

use crate::clock::Clock;
use crate::config::Sources;
use crate::domain::time::{Day, Timestamp};
use crate::env::Environment;
use crate::paths::Paths;
use crate::store::{DataFolders, Store};
use announcer::Announcer;
use configuration::Configuration;
use registration::Registration;
use tasks::Tasks;

/// What a session is made from.
pub struct SessionParts {
    /// Who it is.
    pub identity: Identity,
    /// The time.
    pub clock: Clock,
    /// The environment of the process.
    pub environment: Environment,
    /// Where the files are.
    pub paths: Paths,
    /// Flags and the editor's options.
    pub sources: Sources,
    /// Where its data is.
    pub folders: DataFolders,
    /// The accounts file, where its siblings stand.
    pub store: Store,
}

/// This process among its siblings.
pub struct Session {
    identity: Identity,
    clock: Clock,
    folders: DataFolders,
    store: Store,
    configuration: Configuration,
    announcer: Announcer,
    registration: Registration,
    tasks: Tasks,
    changes: Changes,
}

impl Session {
    /// Reads the configuration; writes nothing.
    pub fn new(parts: SessionParts) -> Session {
        let SessionParts { identity, clock, environment, paths, sources, folders, store } = parts;
        Session {
            identity,
            clock,
            folders,
            store,
            configuration: Configuration::load(paths, environment, sources),
            announcer: Announcer::default(),
            registration: Registration::default(),
            tasks: Tasks::default(),
            changes: Changes::default(),
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

    /// The local day of `at`.
    pub fn day(&self, at: Timestamp) -> Day {
        self.clock.day(at)
    }

    /// When the local hour of `at` began.
    pub fn hour_began(&self, at: Timestamp) -> Timestamp {
        self.clock.hour_began(at)
    }

    /// The writes that a request does not wait for.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// What counts the changes that the pool shows.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }
}
