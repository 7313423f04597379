//! What requests cost and how they are counted: the ledger's entries, spending limits, usage, metrics, and the requests that
//! wait for an account.

pub mod history;
pub(super) mod metrics;
pub(super) mod queue;
pub mod spending;
pub mod usage;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::accounts::Accounts;
use super::session::Session;
use crate::ledger::Ledger;
use crate::store::DataFolders;
use metrics::Metrics;
use queue::Queue;
use usage::Usage;

/// The books of this process.
pub struct Books {
    session: Arc<Session>,
    accounts: Arc<Accounts>,
    folders: DataFolders,
    /// Opened at its first use: by then the session has its record, and the accounts file says where the ledger is.
    ledger: OnceLock<Ledger>,
    pub(super) metrics: Metrics,
    queue: Queue,
    /// What accounts used, as the ledger reported it last.
    usage: Mutex<Usage>,
    /// Models without a price that a limit is over, which was reported.
    unpriced: Mutex<BTreeSet<String>>,
}

impl Books {
    /// Opens nothing yet.
    pub fn new(session: Arc<Session>, accounts: Arc<Accounts>, folders: DataFolders) -> Books {
        Books {
            session,
            accounts,
            folders,
            ledger: OnceLock::new(),
            metrics: Metrics::default(),
            queue: Queue::default(),
            usage: Mutex::default(),
            unpriced: Mutex::default(),
        }
    }

    /// What was used.
    pub fn ledger(&self) -> &Ledger {
        self.ledger.get_or_init(|| Ledger::new(self.folders.home(), self.session.clock().clone()))
    }

    fn known_usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
