//! How much of bodies and answers one process keeps in memory, whatever it is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// What all requests of a process may keep.
const KEPT_PER_PROCESS: usize = 64 * 1024 * 1024;

/// How much the requests of this process keep now.
#[derive(Debug, Default)]
pub struct Budget(AtomicUsize);

impl Budget {
    /// One of its own, for `bytes` at most.
    pub fn of(bytes: usize) -> Arc<Budget> {
        Arc::new(Budget(AtomicUsize::new(KEPT_PER_PROCESS.saturating_sub(bytes))))
    }

    fn take(&self, bytes: usize) -> bool {
        let taken = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |kept| {
            kept.checked_add(bytes).filter(|sum| *sum <= KEPT_PER_PROCESS)
        });
        taken.is_ok()
    }

    /// Counts `bytes` among what is kept for as long as the result lives. `None` when there is no room.
    pub fn keep(self: &Arc<Self>, bytes: Bytes) -> Option<Kept> {
        let mut room = self.room();
        room.hold(bytes.len()).then_some(Kept { bytes, _room: room })
    }

    /// Room for what grows and shrinks; none at first.
    pub fn room(self: &Arc<Self>) -> Room {
        Room { bytes: 0, budget: Arc::clone(self) }
    }

    fn give_back(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::AcqRel);
    }
}

/// What is counted among what is kept for as long as this lives.
#[derive(Debug)]
pub struct Room {
    bytes: usize,
    budget: Arc<Budget>,
}

impl Room {
    /// What is counted.
    pub fn held(&self) -> usize {
        self.bytes
    }

    /// Counts `bytes` from now on, in the place of what was counted. `false` when there is no room for them.
    #[must_use]
    pub fn hold(&mut self, bytes: usize) -> bool {
        if bytes > self.bytes && !self.budget.take(bytes - self.bytes) {
            return false;
        }
        self.budget.give_back(self.bytes.saturating_sub(bytes));
        self.bytes = bytes;
        true
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

/// Bytes of our own that are kept while a request is under way.
pub struct Kept {
    bytes: Bytes,
    _room: Room,
}

impl Kept {
    /// The bytes.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }
}
