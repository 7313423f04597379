//! The ledger's thread: writes what came together in one transaction, then answers questions.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::database::Database;
use super::prune::{self, Pruning};
use super::queue::{Job, Next, Queue, What, Write};
use super::warnings::{Topic, Warnings};
use super::{LedgerError, batch};
use crate::clock::Clock;
use crate::domain::time::Day;

/// How long an entry that nobody waits for lets others join it. A process that is killed loses no more than this.
const COLLECT: Duration = Duration::from_millis(20);
/// No transaction holds more entries, so that no other process waits long for its end.
const LONGEST_BATCH: usize = 2_000;
/// How often a batch is tried while another process holds the file; each time SQLite waits for a while.
const TRIES: u32 = 24;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
const BETWEEN_PRUNING_STEPS: Duration = Duration::from_millis(5);
/// A ledger that is not used is closed, and its memory given back.
const UNUSED: Duration = Duration::from_secs(60);

pub(super) struct Worker {
    pub(super) queue: Arc<Queue>,
    pub(super) warnings: Arc<Warnings>,
    pub(super) clock: Clock,
    pub(super) database: Database,
    pub(super) waiting: Waiting,
}

/// What the thread has taken on and not done yet.
#[derive(Default)]
pub(super) struct Waiting {
    writes: Vec<Write>,
    flushes: Vec<oneshot::Sender<()>>,
    tries: u32,
    pruning: Option<Pruning>,
    /// The day on which the last look for old rows was.
    looked: Option<Day>,
}

impl Worker {
    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        loop {
            match self.queue.next(self.pause(), COLLECT) {
                Next::Jobs(jobs) => self.guarded(|worker| worker.work(jobs)),
                Next::Idle => self.guarded(Worker::tend),
                Next::Closed if self.waiting.writes.is_empty() => return,
                Next::Closed => {
                    std::thread::sleep(BETWEEN_TRIES);
                    self.guarded(|worker| worker.work(Vec::new()));
                }
            }
        }
    }

    /// How long to wait for a job before there is something else to do.
    fn pause(&self) -> Option<Duration> {
        if !self.waiting.writes.is_empty() {
            Some(BETWEEN_TRIES)
        } else if self.waiting.pruning.is_some() {
            Some(BETWEEN_PRUNING_STEPS)
        } else {
            self.database.is_open().then_some(UNUSED)
        }
    }

    /// A panic here would leave everyone who asks without an answer: it costs what was being written, and no more.
    fn guarded(&mut self, work: impl FnOnce(&mut Worker)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_ok() {
            return;
        }
        self.database.close();
        let lost = std::mem::take(&mut self.waiting);
        self.queue.done(lost.writes.len());
        self.warnings.tell(Topic::Unwritten, || {
            format!("a defect kept {} entries out of the ledger; please report it", lost.writes.len())
        });
    }

    fn tend(&mut self) {
        if !self.waiting.writes.is_empty() {
            self.work(Vec::new());
        } else if self.waiting.pruning.is_some() {
            self.prune();
        } else {
            self.database.close();
        }
    }

    /// Everything that is to be written is written before any question is answered.
    fn work(&mut self, jobs: Vec<Job>) {
        let mut questions = Vec::new();
        for job in jobs {
            match job {
                Job::Write(write) => self.waiting.writes.push(write),
                Job::Read(question) => questions.push(question),
                Job::Flush(flush) => self.waiting.flushes.push(flush),
            }
        }
        let written = self.write();
        for question in questions {
            question(written.clone().map(|()| &mut self.database));
        }
        if self.waiting.writes.is_empty() {
            self.prune();
            for flush in self.waiting.flushes.drain(..) {
                // Whoever waited may have left.
                let _ = flush.send(());
            }
        }
        // Everyone has an answer: now there is time for the disk.
        self.database.checkpoint();
    }

    /// Writes all that waits. An error means that another process holds the file, and that it still waits.
    fn write(&mut self) -> Result<(), LedgerError> {
        while !self.waiting.writes.is_empty() {
            let count = self.waiting.writes.len().min(LONGEST_BATCH);
            let batch = &self.waiting.writes[..count];
            let (clock, now) = (&self.clock, self.clock.now());
            let today = clock.day(now);
            let look = self.waiting.looked != Some(today);
            let written = self.database.write(|transaction| {
                let spent = batch::write(transaction, batch, clock)?;
                Ok((spent, look && prune::claim(transaction, today)?))
            });
            match written {
                Ok((spent, prune)) => {
                    self.waiting.looked = Some(today);
                    self.waiting.tries = 0;
                    if prune {
                        self.waiting.pruning = Some(Pruning::new(today, now));
                    }
                    self.warnings.well();
                    let answers = self.waiting.writes.drain(..count).filter_map(|write| write.answer);
                    for (answer, spent) in answers.zip(spent) {
                        let _ = answer.send(Ok(spent));
                    }
                    self.queue.done(count);
                }
                Err(error @ LedgerError::Busy { .. }) if self.waiting.tries + 1 < TRIES => {
                    self.waiting.tries += 1;
                    self.warnings.tell(Topic::Busy, || format!("{error}; what requests use is kept until then"));
                    for write in &mut self.waiting.writes {
                        if let Some(answer) = write.answer.take() {
                            let _ = answer.send(Err(error.clone()));
                        }
                    }
                    return Err(error);
                }
                Err(error) => self.give_up(count, &error),
            }
        }
        Ok(())
    }

    fn give_up(&mut self, count: usize, error: &LedgerError) {
        self.waiting.tries = 0;
        self.warnings.tell(Topic::Unwritten, || {
            format!("{}; until that is mended, what requests use is not counted", with_sources(error))
        });
        for write in self.waiting.writes.drain(..count) {
            if let What::Entry(entry) = &write.what {
                tracing::debug!("request {} is not in the ledger", entry.request_id);
            }
            if let Some(answer) = write.answer {
                let _ = answer.send(Err(error.clone()));
            }
        }
        self.queue.done(count);
    }

    /// One step; what fails is tried again on another day.
    fn prune(&mut self) {
        if let Some(pruning) = self.waiting.pruning.take() {
            let left = self.database.write(|transaction| pruning.step(transaction));
            self.waiting.pruning = left.unwrap_or_default();
        }
    }
}

/// The sentence of an error and of what caused it.
fn with_sources(error: &LedgerError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
