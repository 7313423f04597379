//! When a process has to end: a signal, or the death of the one that started it.

use futures_util::FutureExt;

use crate::sys::Signal;
pub use crate::sys::parent::died as orphaned;
use crate::sys::signals::Signals;

/// Until the system asks the process to end, which it may do from the call on.
pub fn asked_to_end() -> impl Future<Output = ()> {
    let mut signals = Signals::watch_possible(&[Signal::Terminate, Signal::Interrupt, Signal::Hangup]);
    async move {
        signals.next().await;
    }
}

/// How a process was brought to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By a signal, so that the next one is the second.
    BySignal,
    /// In another way.
    Otherwise,
}

/// Until the system asks again a process that is ending already; it may do so from the call on.
pub fn asked_to_end_again(ended: Ended) -> impl Future<Output = ()> + Clone {
    let first = asked_to_end();
    let again = async move {
        first.await;
        if ended == Ended::Otherwise {
            asked_to_end().await;
        }
    };
    again.boxed_local().shared()
}
