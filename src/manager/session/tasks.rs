//! Writes that a request does not wait for, counted so that a process does not end before they are on disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::background;

/// The writes on their way.
#[derive(Clone, Default)]
pub struct Tasks(Arc<Inner>);

#[derive(Default)]
struct Inner {
    running: AtomicUsize,
    idle: Notify,
}

/// One of them, until it is dropped.
#[must_use = "it is over as soon as this is dropped"]
pub struct Running(Arc<Inner>);

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

impl Tasks {
    /// Runs `task` on its own.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let running = self.begin();
        background::spawn(async move {
            task.await;
            drop(running);
        });
    }

    /// Counts one that runs elsewhere.
    pub fn begin(&self) -> Running {
        self.0.running.fetch_add(1, Ordering::SeqCst);
        Running(Arc::clone(&self.0))
    }

    /// Whether one is on its way.
    pub fn is_running(&self) -> bool {
        self.0.running.load(Ordering::SeqCst) > 0
    }

    /// Until none is on its way.
    pub async fn drained(&self) {
        loop {
            let idle = self.0.idle.notified();
            if self.0.running.load(Ordering::Acquire) == 0 {
                return;
            }
            idle.await;
        }
    }
}
