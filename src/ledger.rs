//! The ledger: what every attempt used and cost, and what the processes of this machine know of the accounts together.
//! One SQLite file, shared by all of them. Nothing of it is on a request's path: entries are queued for a thread that
//! writes them in batches. Nothing is opened or made before the first need.

mod answer;
mod batch;
mod database;
mod entry;
mod error;
mod files;
mod prune;
mod queue;
mod read;
mod schema;
mod warnings;
mod worker;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

pub use answer::{AccountUsage, BreakerKey, By, Question, Standing, UsageRow};
pub use entry::{BreakerNote, Entry, RateUsed, Resource};
pub use error::LedgerError;

use crate::clock::Clock;
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::usage::Spent;
use database::Database;
use queue::{Job, Pushed, Queue, What, Write};
use warnings::{Topic, Warnings};
use worker::{Waiting, Worker};

/// How long a write waits for another process that writes, before those who wait for it are told.
const PATIENCE: Duration = Duration::from_secs(5);

/// A handle on the ledger; clones share one thread and one queue.
#[derive(Clone)]
pub struct Ledger(Arc<Shared>);

struct Shared {
    path: PathBuf,
    clock: Clock,
    patience: Duration,
    queue: Arc<Queue>,
    warnings: Arc<Warnings>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Ledger {
    /// The ledger in `data_dir`. This touches nothing.
    pub fn new(data_dir: PathBuf, clock: Clock) -> Ledger {
        Ledger::patient(data_dir, clock, PATIENCE)
    }

    fn patient(data_dir: PathBuf, clock: Clock, patience: Duration) -> Ledger {
        let mut path = data_dir;
        path.push("ledger.sqlite");
        Ledger(Arc::new(Shared { path, clock, patience, queue: Arc::default(), warnings: Arc::default() }))
    }

    /// The file, whether it is there or not.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Queues `entry`. It never waits and never fails; what cannot be written is told by a warning.
    pub fn record(&self, entry: Entry) {
        self.queue(What::Entry(Box::new(entry)));
    }

    /// Queues that a request took its place in the account's bucket.
    pub fn began(&self, account: AccountId, at: Timestamp) {
        self.queue(What::Began(account, at));
    }

    /// Queues that an account made `owns`, before the answer that says so is over.
    pub fn owns(&self, account: AccountId, owns: Vec<Resource>, at: Timestamp) {
        self.queue(What::Owns(account, owns, at));
    }

    /// Queues that an account and its host are well, before the answer that says so is over.
    pub fn succeeded(&self, account: AccountId, host: String) {
        self.queue(What::Succeeded(account, host));
    }

    /// Writes `entry` and tells what its account has spent with it. When this returns, no crash of a process loses it.
    ///
    /// # Errors
    ///
    /// The entry is not written, or, for [`LedgerError::Busy`], not yet.
    pub async fn commit(&self, entry: Entry) -> Result<Spent, LedgerError> {
        let (answer, answered) = oneshot::channel();
        self.push(Job::Write(Write { what: What::Entry(Box::new(entry)), answer: Some(answer) }))?;
        answered.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    /// What is known of the accounts, with all this process recorded before. Without a file, nothing is.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or what was recorded before cannot be written yet.
    pub async fn standing(&self, question: Question) -> Result<Standing, LedgerError> {
        let now = self.0.clock.now();
        let today = self.0.clock.day(now);
        let nothing = Standing {
            spending: question.spending_of.iter().map(|account| (account.clone(), Spent::default())).collect(),
            at: now,
            ..Standing::default()
        };
        let read = self.ask(move |database| {
            database.read(|connection| read::standing(connection, &question, today, now).map(Some))
        });
        Ok(read.await?.unwrap_or(nothing))
    }

    /// Usage of today and of the `days - 1` local days before.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::standing`].
    pub async fn usage(&self, days: u32, by: By) -> Result<Vec<UsageRow>, LedgerError> {
        let today = self.0.clock.day(self.0.clock.now());
        let first = today.days_before(days.saturating_sub(1));
        self.ask(move |database| database.read(|connection| read::usage(connection, first, today, by))).await
    }

    /// What each account used today and this month; an account that used nothing this month is left out.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::standing`].
    pub async fn usage_of_accounts(&self) -> Result<HashMap<AccountId, AccountUsage>, LedgerError> {
        let today = self.0.clock.day(self.0.clock.now());
        self.ask(move |database| database.read(|connection| read::usage_of_accounts(connection, today))).await
    }

    /// Waits until all that was recorded so far is written, or has failed to be.
    pub async fn flush(&self) {
        let (flush, flushed) = oneshot::channel();
        if self.push(Job::Flush(flush)).is_ok() {
            let _ = flushed.await;
        }
    }

    /// What a person should be told, each once until it is well again.
    pub fn take_warnings(&self) -> Vec<String> {
        self.0.warnings.take()
    }

    async fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Database) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (answer, answered) = oneshot::channel();
        self.push(Job::Read(Box::new(move |database| {
            let _ = answer.send(database.and_then(read));
        })))?;
        answered.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    fn queue(&self, what: What) {
        if let Err(error) = self.push(Job::Write(Write { what, answer: None })) {
            self.0.warnings.tell(Topic::Full, || error.to_string());
        }
    }

    fn push(&self, job: Job) -> Result<(), LedgerError> {
        match self.0.queue.push(job, || self.start()) {
            Pushed::Queued => Ok(()),
            Pushed::Full => Err(LedgerError::Full { path: self.0.path.clone() }),
            Pushed::Stopped => Err(self.stopped()),
        }
    }

    fn start(&self) -> bool {
        let Shared { path, clock, patience, queue, warnings } = &*self.0;
        let worker = Worker {
            queue: queue.clone(),
            warnings: warnings.clone(),
            clock: clock.clone(),
            database: Database::new(path.clone(), *patience, clock.clone(), warnings.clone()),
            waiting: Waiting::default(),
        };
        std::thread::Builder::new().name("ledger".to_owned()).spawn(move || worker.run()).is_ok()
    }

    fn stopped(&self) -> LedgerError {
        LedgerError::Stopped { path: self.0.path.clone() }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Ledger").field(&self.0.path).finish()
    }
}

#[cfg(test)]
mod tests;
