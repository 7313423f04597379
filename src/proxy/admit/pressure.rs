//! Back-pressure for a WebSocket of `/rpc`. jsonrpsee takes messages as fast as they come, whether the ones before are
//! answered and whether the answers are read; each is a task with its bytes. What it takes is therefore bounded here,
//! at the connection: nothing is read while several messages are being answered or an answer cannot be written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;

/// Marks of a connection at which nothing more is read: that of the connection itself, and one for each message that is
/// being answered.
const MARKS: usize = 4;

/// Read at a time, so that not many short messages come at once.
pub const PIECE: usize = 1024;

/// Whoever reads nothing for this long is let go.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The pressure on one connection; nothing is held back before [`Pressure::engage`].
#[derive(Clone, Default)]
pub struct Pressure(Arc<State>);

#[derive(Default)]
struct State {
    engaged: AtomicBool,
    stalled: AtomicBool,
    marks: AtomicUsize,
    reader: AtomicWaker,
}

impl Pressure {
    /// Begins to hold back. The mark goes into the extensions of the request: jsonrpsee copies them for every message
    /// and drops the copy when that is answered.
    pub fn engage(&self) -> Mark {
        self.0.engaged.store(true, Ordering::Release);
        Mark::of(self)
    }

    /// Whether the connection is held back at times.
    pub fn is_engaged(&self) -> bool {
        self.0.engaged.load(Ordering::Acquire)
    }

    /// Ready when more may be read; else the reader is woken when it is.
    pub fn poll_admits(&self, context: &Context<'_>) -> Poll<()> {
        // Before the look, so that what changes meanwhile wakes.
        self.0.reader.register(context.waker());
        let full = self.0.marks.load(Ordering::Acquire) >= MARKS || self.0.stalled.load(Ordering::Acquire);
        if full { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Reports whether writing has stalled; the answer is whether that is new.
    pub fn set_stalled(&self, stalled: bool) -> bool {
        let was = self.0.stalled.swap(stalled, Ordering::AcqRel);
        if was && !stalled {
            self.0.reader.wake();
        }
        was != stalled
    }
}

/// Stands for a message that is being answered.
pub struct Mark(Pressure);

impl Mark {
    fn of(pressure: &Pressure) -> Mark {
        pressure.0.marks.fetch_add(1, Ordering::AcqRel);
        Mark(pressure.clone())
    }
}

impl Clone for Mark {
    fn clone(&self) -> Mark {
        Mark::of(&self.0)
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let state = &self.0.0;
        state.marks.fetch_sub(1, Ordering::AcqRel);
        state.reader.wake();
    }
}
