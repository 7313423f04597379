//! The ledger's thread: writes what came together in one transaction, then answers questions.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::database::Database;
use super::files;
use super::pending::Pending;
use super::prune::{self, Pruning};
use super::queue::{Job, Next, Queue};
use super::spill;
use super::tally::Tally;
use super::warnings::{Topic, Warnings};
use super::write::{What, Write};
use super::{LedgerError, batch};
use crate::clock::{self, Clock};
use crate::domain::time::Day;
use spilling::Copied;

mod spilling;

/// How long an entry that nobody waits for lets others join it. A process that is killed loses no more than this.
const COLLECT: Duration = Duration::from_millis(50);
/// No transaction holds more entries, so that no other process waits long for its end, nor a request where there is one
/// processor for all.
const LONGEST_BATCH: usize = 200;
/// How soon a batch is tried again that another process kept from being written; SQLite waits a while each time.
const BETWEEN_TRIES: Duration = Duration::from_millis(20);
/// How soon one is that the disk or the file refuses.
const BETWEEN_REFUSALS: Duration = Duration::from_secs(1);
/// No request waits for a file that others have locked for longer than this.
const HELD: Duration = Duration::from_secs(1);
/// When nobody is left to ask anything, what waits is tried for no longer.
const LAST: Duration = Duration::from_secs(120);
const BETWEEN_PRUNING_STEPS: Duration = Duration::from_millis(5);
/// A ledger that is not used is closed, and its memory given back.
const UNUSED: Duration = Duration::from_secs(60);

pub(super) struct Worker {
    /// Closed before anything else is dropped.
    pub(super) database: Database,
    pub(super) queue: Arc<Queue>,
    pub(super) tally: Arc<Tally>,
    /// Others hold the file, and have for a while.
    pub(super) is_held: Arc<AtomicBool>,
    pub(super) warnings: Arc<Warnings>,
    pub(super) clock: Clock,
    /// How long what is not written is nobody's concern.
    pub(super) patience: Duration,
    pub(super) waiting: Waiting,
}

/// What the thread has taken on and not done yet.
#[derive(Default)]
pub(super) struct Waiting {
    pending: Pending,
    flushes: Vec<oneshot::Sender<()>>,
    trouble: Option<Trouble>,
    spill: Option<Copied>,
    /// When others' spills were last listed.
    looked_for_spills: Option<Instant>,
    pruning: Option<Pruning>,
    /// The day on which the last look for old rows was.
    looked: Option<Day>,
}

/// Why nothing is written now.
struct Trouble {
    error: LedgerError,
    since: Instant,
    again: Instant,
}

impl Worker {
    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut closed: Option<Instant> = None;
        loop {
            match self.queue.next(self.pause(), COLLECT) {
                Next::Jobs(jobs) => self.guarded(|worker| worker.work(jobs)),
                Next::Idle => self.guarded(Worker::tend),
                Next::Closed => {
                    let closed = *closed.get_or_insert_with(clock::instant);
                    if self.waiting.pending.is_empty() || clock::instant().duration_since(closed) > LAST {
                        return;
                    }
                    std::thread::sleep(BETWEEN_TRIES);
                    self.guarded(|worker| worker.work(Vec::new()));
                }
            }
        }
    }

    /// How long to wait for a job before there is something else to do.
    fn pause(&self) -> Option<Duration> {
        if let Some(trouble) = &self.waiting.trouble {
            Some(trouble.again.saturating_duration_since(clock::instant()))
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
        let lost = std::mem::take(&mut self.waiting).pending;
        self.queue.done(lost.writes.len());
        let count = lost.writes.len();
        self.lose(&lost);
        self.warnings
            .report(Topic::NotWritten, || format!("a bug kept {count} entries out of the ledger; please report it"));
    }

    fn tend(&mut self) {
        if self.waiting.trouble.is_some() {
            self.work(Vec::new());
        } else if self.waiting.pruning.is_some() {
            self.prune();
        } else {
            self.database.close();
        }
    }

    /// Everything that is to be written is written before any question is answered, or is a part of the answer.
    fn work(&mut self, jobs: Vec<Job>) {
        let mut questions = Vec::new();
        for job in jobs {
            match job {
                Job::Write(write) => self.waiting.pending.writes.push(write),
                Job::Read(question) => questions.push(question),
                Job::Flush(flush) => self.waiting.flushes.push(flush),
            }
        }
        self.waiting.pending.fold(self.queue.take_folded());
        // While nothing can be written nobody waits for the next try.
        if self.waiting.trouble.is_some() {
            self.answer(std::mem::take(&mut questions));
        } else {
            self.read_back();
        }
        let has_failed = self.write().is_err_and(|error| !matches!(error, LedgerError::Busy { .. }));
        self.answer(questions);
        self.spill();
        if self.waiting.pending.is_empty() || has_failed {
            for flush in self.waiting.flushes.drain(..) {
                // Whoever waited may have left.
                let _ = flush.send(());
            }
        }
        if self.waiting.pending.is_empty() {
            self.prune();
        }
        // Everyone has an answer: now there is time for the disk.
        self.database.checkpoint();
    }

    fn answer(&mut self, questions: Vec<super::queue::Read>) {
        for question in questions {
            question(&mut self.database, &self.waiting.pending);
        }
    }

    /// Writes all that waits. An error means that it still waits.
    fn write(&mut self) -> Result<(), LedgerError> {
        if let Some(Trouble { error, again, .. }) = &self.waiting.trouble
            && clock::instant() < *again
        {
            let error = error.clone();
            self.report();
            return Err(error);
        }
        while !self.waiting.pending.is_empty() {
            let Pending { writes, folded } = &self.waiting.pending;
            // A spill is written in one batch: its file goes with the first part of it.
            let longest = if self.waiting.spill.is_some() { usize::MAX } else { LONGEST_BATCH };
            let count = writes.len().min(longest);
            let (batch, folded) = (&writes[..count], folded.as_ref().map(|folded| &folded.sums));
            let (clock, now) = (&self.clock, self.clock.now());
            let today = clock.day(now);
            let look = self.waiting.looked != Some(today);
            let copied = self.waiting.spill.as_ref().map(|copied| copied.key.as_str());
            let written = self.database.write(|transaction| {
                let written = batch::write(transaction, batch, folded, clock)?;
                if let Some(key) = copied {
                    spill::note(transaction, key, today)?;
                }
                Ok((written, look && prune::claim(transaction, today)?))
            });
            match written {
                Ok((written, prune)) => {
                    self.waiting.looked = Some(today);
                    if prune {
                        self.waiting.pruning = Some(Pruning::new(today, now));
                    }
                    self.is_well();
                    if let Some(copied) = self.waiting.spill.take() {
                        files::remove(&copied.path);
                    }
                    self.written(count, &written);
                }
                Err(error) if error.is_passing() => {
                    self.keep(&error);
                    return Err(error);
                }
                Err(error) => self.give_up(count, &error),
            }
            std::thread::yield_now();
        }
        Ok(())
    }

    fn is_well(&mut self) {
        self.waiting.trouble = None;
        self.is_held.store(false, Ordering::Relaxed);
        self.warnings.well();
    }

    fn written(&mut self, count: usize, written: &batch::Written) {
        let done = self.waiting.pending.take(count);
        self.tally.written(done.held(), written.today, written.sums.clone());
        for Write { what, answer, .. } in done.writes {
            if let Some(answer) = answer {
                let _ = answer.send(Ok(written.sums.accounts.get(what.account()).copied().unwrap_or_default()));
            }
        }
        self.queue.done(count);
    }

    /// What waits is kept.
    fn keep(&mut self, error: &LedgerError) {
        let now = clock::instant();
        let since = self.waiting.trouble.take().map_or(now, |trouble| trouble.since);
        let is_busy = matches!(error, LedgerError::Busy { .. });
        let again = now + if is_busy { BETWEEN_TRIES } else { BETWEEN_REFUSALS };
        self.waiting.trouble = Some(Trouble { error: error.clone(), since, again });
        if !is_busy || now.duration_since(since) >= HELD {
            self.is_held.store(true, Ordering::Relaxed);
        }
        self.report();
    }

    /// Whoever waits for a write gets the error, when it is no matter of a moment.
    fn report(&mut self) {
        let Some(Trouble { error, since, .. }) = &self.waiting.trouble else { return };
        if matches!(error, LedgerError::Busy { .. }) {
            if clock::instant().duration_since(*since) < self.patience {
                return;
            }
            self.warnings.report(Topic::Busy, || format!("{}; usage is kept in memory until then", error.with_hint()));
        } else {
            self.warnings.report(Topic::NotWritten, || {
                format!("{}; until that is fixed, usage is kept in memory", with_sources(error))
            });
        }
        self.waiting.pending.refuse(error);
    }

    /// These entries are of no use to the file, whenever they are tried.
    fn give_up(&mut self, count: usize, error: &LedgerError) {
        let why = with_sources(error);
        self.warnings.report(Topic::NotWritten, || format!("{why}; until that is fixed, usage is not counted"));
        self.queue.done(count);
        // What comes next is tried at once: the file can be written to.
        self.waiting.trouble = None;
        self.is_held.store(false, Ordering::Relaxed);
        let mut lost = self.waiting.pending.take(count);
        for write in &lost.writes {
            if let What::Entry(entry) = &write.what {
                tracing::debug!("request {} is not in the ledger", entry.request_id);
            }
        }
        lost.refuse(error);
        self.lose(&lost);
    }

    /// What will not be written counts in this process alone.
    fn lose(&self, lost: &Pending) {
        for (payers, held) in lost.held() {
            self.tally.lost(payers, held);
        }
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
    let mut text = error.with_hint();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
