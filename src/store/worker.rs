//! The one thread that waits for the lock. A kernel lock cannot be waited for with a time limit, so callers wait for
//! this thread instead, and it lets go at once of a lock that comes too late.

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

pub(super) type Job = Box<dyn FnOnce() + Send>;

/// Starts its thread with the first job and ends it when dropped.
#[derive(Default)]
pub(super) struct Worker {
    jobs: Mutex<Option<Sender<Job>>>,
}

impl Worker {
    /// Queues `job` behind those that wait already. It must not panic.
    pub(super) fn run(&self, job: Job) -> io::Result<()> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let job = match jobs.as_ref() {
            Some(sender) => match sender.send(job) {
                Ok(()) => return Ok(()),
                Err(unsent) => unsent.0,
            },
            None => job,
        };
        start(&mut jobs, job)
    }
}

fn start(jobs: &mut Option<Sender<Job>>, first: Job) -> io::Result<()> {
    let (sender, receiver) = channel::<Job>();
    std::thread::Builder::new().name("store".to_owned()).spawn(move || {
        first();
        for job in receiver {
            job();
        }
    })?;
    *jobs = Some(sender);
    Ok(())
}

/// Decides between a job that starts and a caller that leaves; exactly one of them wins.
#[derive(Default)]
pub(super) struct Claim(AtomicU8);

const STARTED: u8 = 1;
const ABANDONED: u8 = 2;

impl Claim {
    /// The job is about to run; false when its caller has left.
    pub(super) fn start(&self) -> bool {
        self.0.compare_exchange(0, STARTED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The caller leaves; false when the job has started and its result must be waited for.
    pub(super) fn abandon(&self) -> bool {
        self.0.compare_exchange(0, ABANDONED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}
