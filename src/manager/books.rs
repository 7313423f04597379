//! What requests cost and how they are counted: the ledger's entries, spending limits, usage, metrics, and the requests that
//! wait for an account.

pub mod history;
pub(super) mod metrics;
pub(super) mod queue;
pub mod spending;
pub mod usage;

use std::sync::{Arc, OnceLock};

use super::session::Session;
use crate::ledger::Ledger;
use crate::store::DataFolders;
use metrics::Metrics;
use queue::Queue;

/// The books of this process.
pub struct Books {
    session: Arc<Session>,
    folders: DataFolders,
    /// Opened at its first use: by then the session has its record, and the accounts file says where the ledger is.
    ledger: OnceLock<Ledger>,
    metrics: Metrics,
    queue: Queue,
}

impl Books {
    /// Opens nothing yet.
    pub fn new(session: Arc<Session>, folders: DataFolders) -> Books {
        Books { session, folders, ledger: OnceLock::new(), metrics: Metrics::default(), queue: Queue::default() }
    }

    /// What was used.
    pub(super) fn ledger(&self) -> &Ledger {
        self.ledger.get_or_init(|| Ledger::new(self.folders.home(), self.session.clock().clone()))
    }
}
