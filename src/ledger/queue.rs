//! What waits for the ledger's thread. Putting something in takes a lock for some nanoseconds and wakes the thread only
//! when it sleeps or when someone waits for the answer: a plain entry lets it go on collecting.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::database::Database;
use super::pending::Pending;
use super::write::{Folded, What, Write};

/// So many entries wait at most, some thirty megabytes.
const MOST: usize = 100_000;
/// A queue that was this long gives its memory back.
const USUAL: usize = 4_096;

/// Work for the thread.
pub(super) enum Job {
    /// Something to write.
    Write(Write),
    /// A question; it answers by itself.
    Read(Read),
    /// Someone waits until all before it is done.
    Flush(oneshot::Sender<()>),
}

/// A question together with whom to answer. It gets what was recorded before and is not written yet.
pub(super) type Read = Box<dyn FnOnce(&mut Database, &Pending) + Send>;

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It waits.
    Queued,
    /// There is no more room: of an entry only its sums wait.
    Full,
    /// There is no thread.
    Stopped,
}

/// What the thread does next.
pub(super) enum Next {
    /// These, in their order.
    Jobs(Vec<Job>),
    /// Nothing came for as long as it wanted to wait.
    Idle,
    /// Nobody is left to ask anything.
    Closed,
}

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: Vec<Job>,
    folded: Option<Box<Folded>>,
    /// Entries that wait here or in the thread.
    held: usize,
    /// One of the jobs has someone who waits for it.
    urgent: bool,
    thread: Thread,
    closed: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Thread {
    #[default]
    None,
    Works,
    /// It sleeps until anything comes.
    Sleeps,
    /// It gives more entries the time to come.
    Collects,
}

impl Queue {
    /// Puts `job` behind the others; `start` starts the thread when this is the first one.
    pub(super) fn push(&self, job: Job, start: impl FnOnce() -> bool) -> Pushed {
        let urgent = !matches!(job, Job::Write(Write { answer: None, .. }));
        let mut state = self.lock();
        if state.thread == Thread::None && matches!(job, Job::Flush(_)) {
            // Nothing was recorded: there is nothing to wait for, and no thread to start for that.
            return Pushed::Stopped;
        }
        if matches!(job, Job::Write(_)) {
            if state.held >= MOST {
                if let Job::Write(Write { what: What::Entry(entry), held: Some(held), .. }) = &job {
                    state.folded.get_or_insert_default().add(entry, *held);
                }
                return Pushed::Full;
            }
            state.held += 1;
        }
        state.jobs.push(job);
        state.urgent |= urgent;
        match state.thread {
            Thread::None if start() => state.thread = Thread::Works,
            Thread::None => {
                // Whoever waits for an answer learns from the dropped job that none will come.
                state.held = 0;
                state.jobs.clear();
                return Pushed::Stopped;
            }
            Thread::Sleeps => self.changed.notify_one(),
            Thread::Collects if urgent => self.changed.notify_one(),
            Thread::Works | Thread::Collects => {}
        }
        Pushed::Queued
    }

    /// What came since the last time. Waits up to `idle` for the first job, then `collect` for more unless one is urgent.
    pub(super) fn next(&self, idle: Option<Duration>, collect: Duration) -> Next {
        let mut state = self.lock();
        state.thread = Thread::Sleeps;
        let nothing = |state: &mut State| state.jobs.is_empty() && !state.closed;
        state = match idle {
            None => self.changed.wait_while(state, nothing).unwrap_or_else(PoisonError::into_inner),
            Some(idle) => {
                self.changed.wait_timeout_while(state, idle, nothing).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if !state.jobs.is_empty() {
            state.thread = Thread::Collects;
            let calm = |state: &mut State| !state.urgent && !state.closed;
            let collected = self.changed.wait_timeout_while(state, collect, calm);
            state = collected.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.thread = Thread::Works;
        state.urgent = false;
        let room = if state.jobs.len() > USUAL { 0 } else { state.jobs.len() };
        match (std::mem::replace(&mut state.jobs, Vec::with_capacity(room)), state.closed) {
            (jobs, true) if jobs.is_empty() => Next::Closed,
            (jobs, false) if jobs.is_empty() => Next::Idle,
            (jobs, _) => Next::Jobs(jobs),
        }
    }

    /// The sums of what there was no room for since the last time.
    pub(super) fn take_folded(&self) -> Option<Box<Folded>> {
        self.lock().folded.take()
    }

    /// So many entries are written or given up.
    pub(super) fn done(&self, entries: usize) {
        let mut state = self.lock();
        state.held = state.held.saturating_sub(entries);
    }

    /// Nobody is left to ask anything: the thread finishes what waits and ends.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
