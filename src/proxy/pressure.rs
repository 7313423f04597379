//! When a WebSocket of `/rpc` is not read: while its client does not take the answers, or has asked more than is answered.
//! The library that speaks on it reads as fast as it can and keeps what it read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// Requests of one socket that are answered at the same time.
const CALLS: usize = 32;

/// What weighs on one connection. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Pressure(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    calls: AtomicUsize,
    writing_waits: AtomicBool,
    reader: AtomicWaker,
}

/// A request that is being answered, for as long as this is kept.
#[derive(Debug)]
#[must_use = "the request counts until this is dropped"]
pub struct Call(Arc<Inner>);

impl Pressure {
    /// One more request.
    pub fn call(&self) -> Call {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        Call(Arc::clone(&self.0))
    }

    /// What became of a write.
    pub fn wrote<T>(&self, written: &Poll<T>) {
        let waits = written.is_pending();
        if self.0.writing_waits.swap(waits, Ordering::Relaxed) && !waits {
            self.0.reader.wake();
        }
    }

    /// Ready when more may be read.
    pub fn poll_low(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_low() {
            return Poll::Ready(());
        }
        self.0.reader.register(context.waker());
        // It may have fallen before the waker was there.
        if self.is_low() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn is_low(&self) -> bool {
        self.0.calls.load(Ordering::Relaxed) < CALLS && !self.0.writing_waits.load(Ordering::Relaxed)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
        self.0.reader.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::task::{Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_reader_waits_for_answers_and_for_writes_and_is_woken() {
        let pressure = Pressure::default();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut calls: Vec<Call> = (0..CALLS - 1).map(|_| pressure.call()).collect();
        assert!(pressure.poll_low(&mut context).is_ready());
        calls.push(pressure.call());
        assert!(pressure.poll_low(&mut context).is_pending());
        calls.pop();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(pressure.poll_low(&mut context).is_ready());

        pressure.wrote(&Poll::<()>::Pending);
        assert!(pressure.poll_low(&mut context).is_pending());
        pressure.wrote(&Poll::Ready(()));
        assert_eq!(woken.0.load(Ordering::Relaxed), 2);
        assert!(pressure.poll_low(&mut context).is_ready());
    }
}
