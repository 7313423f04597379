//! The ledger: what every attempt used and cost, and what the processes of this machine know of the accounts together.
//! One SQLite file, shared by all of them. Nothing of it is on a request's path: entries are queued for a thread that
//! writes them in batches, and keeps them for as long as another program holds the file. Nothing is opened or made before
//! the first need.

mod answer;
mod batch;
mod database;
mod emptying;
mod entry;
mod error;
mod files;
mod history;
mod labels;
mod merging;
mod pending;
mod prune;
mod queue;
mod read;
mod recent;
mod schema;
mod spill;
mod sums;
mod tally;
mod warnings;
mod worker;
mod write;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;

pub use answer::{AccountUsage, By, Question, Standing, UsageRow};
pub use entry::{Entry, Mark, Resource};
pub use error::LedgerError;
pub use history::{Attempt, Attempts, Look, ModelUsage, Span};

use crate::clock::Clock;
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::usage::{Purse, Spent};
use database::Database;
use entry::Payers;
use history::Reader;
use pending::Pending;
use queue::{Job, Pushed, Queue};
use tally::Tally;
use warnings::{Topic, Warnings};
use worker::{Waiting, Worker};
use write::{What, Write};

/// How long a write waits for another process that writes, before those who wait for it get an error and people a warning.
const PATIENCE: Duration = Duration::from_secs(5);

/// A handle on the ledger; clones share one thread and one queue.
#[derive(Clone)]
pub struct Ledger(Arc<Shared>);

struct Shared {
    path: PathBuf,
    clock: Clock,
    patience: Duration,
    queue: Arc<Queue>,
    tally: Arc<Tally>,
    is_held: Arc<AtomicBool>,
    warnings: Arc<Warnings>,
    /// This process leaves a damaged file in its place when it reads.
    looks_on: Arc<AtomicBool>,
    history: Arc<Mutex<Reader>>,
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
        let (queue, tally, is_held, warnings, looks_on) = Default::default();
        let history = Arc::new(Mutex::new(Reader::new(path.clone())));
        Ledger(Arc::new(Shared { path, clock, patience, queue, tally, is_held, warnings, looks_on, history }))
    }

    /// The file, whether it is there or not.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// From now on no question sets a damaged file aside: what is written to it does.
    pub fn look_on(&self) {
        self.0.looks_on.store(true, Ordering::Relaxed);
    }

    /// Queues `entry`. It never waits and never fails; what cannot be written is reported by a warning.
    pub fn record(&self, entry: Entry) {
        let _ = self.push_entry(entry, None);
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

    /// Writes `entry` and returns what its account has spent with it. When this returns, no crash of a process loses it.
    ///
    /// # Errors
    ///
    /// The entry is not written, or, where that may pass, not yet. What it cost is a part of [`Ledger::spent`] all the same.
    pub fn commit(&self, entry: Entry) -> impl Future<Output = Result<Spent, LedgerError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        // Not in the future: what it cost counts from now on, whenever that is polled.
        let pushed = self.push_entry(entry, Some(answer));
        let path = self.0.path.clone();
        async move {
            pushed?;
            answered.await.unwrap_or(Err(LedgerError::Stopped { path }))
        }
    }

    /// What the account has spent, as far as this process knows: what the ledger said last, and what this process has spent
    /// that is not there yet.
    pub fn spent(&self, account: &AccountId) -> Spent {
        self.0.tally.spent(account, self.0.clock.day(self.0.clock.now()))
    }

    /// The same of a purse.
    pub fn spent_from(&self, purse: &Purse) -> Spent {
        self.0.tally.spent_from(purse, self.0.clock.day(self.0.clock.now()))
    }

    /// Whether this process has counted what this account's response, batch or run with this id used.
    pub fn has_counted(&self, account: &AccountId, id: &str) -> bool {
        self.0.tally.has_counted(account, id)
    }

    /// Whether another program holds the file for so long that waiting for it is of no use.
    pub fn is_held(&self) -> bool {
        self.0.is_held.load(Ordering::Relaxed)
    }

    /// What is known of the accounts, with all this process recorded before. Without a file, nothing else is.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub async fn standing(&self, question: Question) -> Result<Standing, LedgerError> {
        let now = self.0.clock.now();
        let today = self.0.clock.day(now);
        let (tally, warnings) = (Arc::clone(&self.0.tally), Arc::clone(&self.0.warnings));
        let read = self.ask(move |database, pending| {
            let has_limits = !question.spending_of.is_empty() || !question.purses.is_empty();
            let read = database.read(|connection| {
                let (accounts, purses) = (question.spending_of.iter().cloned(), question.purses.iter().cloned());
                let sums = read::sums(connection, accounts, purses, today)?;
                Ok(Some((read::standing(connection, &question, now)?, sums)))
            });
            let read = read.inspect_err(|error| {
                if has_limits {
                    let text = || format!("{}; until then limits hold for what is known here", error.with_hint());
                    warnings.report(Topic::NotRead, text);
                }
            })?;
            let nothing = || {
                let sums = tally::Sums {
                    accounts: question.spending_of.iter().map(|account| (account.clone(), Spent::default())).collect(),
                    purses: question.purses.iter().map(|purse| (purse.clone(), Spent::default())).collect(),
                };
                (Standing { at: now, ..Standing::default() }, sums)
            };
            let (mut standing, sums) = read.unwrap_or_else(nothing);
            tally.read(today, sums);
            let spent = |account: &AccountId| (account.clone(), tally.spent(account, today));
            standing.spending = question.spending_of.iter().map(spent).collect();
            pending.owners(&question.owners_of, &mut standing.owners);
            standing.is_behind = !pending.is_empty();
            Ok(standing)
        });
        read.await
    }

    /// Usage of today and of the `days - 1` local days before.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::standing`].
    pub async fn usage(&self, days: u32, by: By) -> Result<Vec<UsageRow>, LedgerError> {
        self.usage_and_total(days, by).await.map(|(rows, _)| rows)
    }

    /// The same, and the total of one look, in which a request that is in several rows counts once.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::standing`].
    pub async fn usage_and_total(&self, days: u32, by: By) -> Result<(Vec<UsageRow>, UsageRow), LedgerError> {
        let today = self.0.clock.day(self.0.clock.now());
        let first = today.days_before(days.saturating_sub(1));
        self.ask(move |database, pending| {
            let usage = database.read(|connection| read::usage(connection, first, today, by))?;
            Ok(read::rows_with(usage, &pending.sums(), first, today, by))
        })
        .await
    }

    /// What each account used today and this month; an account that used nothing this month is left out.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::standing`].
    pub async fn usage_of_accounts(&self) -> Result<HashMap<AccountId, AccountUsage>, LedgerError> {
        let today = self.0.clock.day(self.0.clock.now());
        self.ask(move |database, pending| {
            let mut usage = database.read(|connection| read::usage_of_accounts(connection, today))?;
            read::add_pending(&mut usage, &pending.sums(), today);
            Ok(usage)
        })
        .await
    }

    /// Waits until all that was recorded so far is written, or has failed to be.
    pub async fn flush(&self) {
        let (flush, flushed) = oneshot::channel();
        if self.push(Job::Flush(flush)).is_ok() {
            let _ = flushed.await;
        }
    }

    /// What a person should know, each once until it is well again.
    pub fn take_warnings(&self) -> Vec<String> {
        self.0.warnings.take()
    }

    async fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Database, &Pending) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (answer, answered) = oneshot::channel();
        self.push(Job::Read(Box::new(move |database, pending| {
            let _ = answer.send(read(database, pending));
        })))?;
        answered.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    fn queue(&self, what: What) {
        let _ = self.push(Job::Write(Write { what, held: None, answer: None }));
    }

    fn push_entry(
        &self,
        entry: Entry,
        answer: Option<oneshot::Sender<Result<Spent, LedgerError>>>,
    ) -> Result<(), LedgerError> {
        let held = self.0.tally.hold(&entry, self.0.clock.day(entry.at));
        let (account, purses) = (entry.account.clone(), Arc::clone(&entry.purses));
        let pushed = self.push(Job::Write(Write { what: What::Entry(Box::new(entry)), held: Some(held), answer }));
        if let Err(LedgerError::Stopped { .. }) = &pushed {
            self.0.tally.lost(Payers { account: &account, purses: &purses }, held);
        }
        pushed
    }

    fn push(&self, job: Job) -> Result<(), LedgerError> {
        match self.0.queue.push(job, || self.start()) {
            Pushed::Queued => Ok(()),
            Pushed::Full => {
                let error = LedgerError::Full { path: self.0.path.clone() };
                self.0.warnings.report(Topic::Full, || error.to_string());
                Err(error)
            }
            Pushed::Stopped => Err(self.stopped()),
        }
    }

    fn start(&self) -> bool {
        let Shared { path, clock, patience, queue, tally, is_held, warnings, looks_on, .. } = &*self.0;
        let worker = Worker {
            queue: Arc::clone(queue),
            tally: Arc::clone(tally),
            is_held: Arc::clone(is_held),
            warnings: Arc::clone(warnings),
            clock: clock.clone(),
            patience: *patience,
            database: Database::new(path.clone(), clock.clone(), Arc::clone(warnings), Arc::clone(looks_on)),
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
