//! Reading what may never come: a pipe that nobody writes to, a file of a network that is gone. A thread of its own waits
//! for it, so that neither a request nor the end of the process does.

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// How long a caller waits for a read that should take no time.
const AT_ONCE: Duration = Duration::from_millis(100);

/// How a caller that was left without an answer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// It is on a thread that others wait for, and asks again later.
    Never,
    /// It can do nothing without the answer.
    AtMost(Duration),
}

/// One read at a time. One that is stuck is asked for its answer by every later caller.
pub(super) struct Awaited<T>(Mutex<State<T>>);

struct State<T> {
    under_way: Option<Receiver<io::Result<T>>>,
    /// It did not answer at once; who waits for nothing no longer expects it to.
    is_slow: bool,
    /// Somebody has waited in vain; the next one does not.
    is_given_up: bool,
}

impl<T> Default for Awaited<T> {
    fn default() -> Awaited<T> {
        Awaited(Mutex::new(State { under_way: None, is_slow: false, is_given_up: false }))
    }
}

impl<T: Send + 'static> Awaited<T> {
    /// What `read` says; `None` while it is not known.
    pub(super) fn ask(
        &self,
        wait: Wait,
        read: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Option<io::Result<T>> {
        let mut state = self.state(wait)?;
        if state.under_way.is_none() {
            let (sender, receiver) = channel();
            std::thread::Builder::new()
                .name("key".to_owned())
                .spawn(move || {
                    // Whoever asked may be gone.
                    let _ = sender.send(read());
                })
                .ok()?;
            state.under_way = Some(receiver);
        }
        let patience = match wait {
            Wait::AtMost(patience) if !state.is_given_up => patience,
            Wait::AtMost(_) | Wait::Never if !state.is_slow => AT_ONCE,
            Wait::AtMost(_) | Wait::Never => Duration::ZERO,
        };
        match state.under_way.as_ref()?.recv_timeout(patience) {
            Ok(answer) => {
                state.under_way = None;
                match &answer {
                    Ok(_) => (state.is_slow, state.is_given_up) = (false, false),
                    Err(error) => state.is_given_up |= error.kind() == ErrorKind::TimedOut,
                }
                Some(answer)
            }
            Err(RecvTimeoutError::Timeout) => {
                state.is_slow = true;
                state.is_given_up |= wait != Wait::Never;
                None
            }
            Err(RecvTimeoutError::Disconnected) => {
                state.under_way = None;
                None
            }
        }
    }

    fn state(&self, wait: Wait) -> Option<MutexGuard<'_, State<T>>> {
        match (wait, self.0.try_lock()) {
            (_, Ok(state)) => Some(state),
            (_, Err(TryLockError::Poisoned(state))) => Some(state.into_inner()),
            // Somebody who may wait does.
            (Wait::Never, Err(TryLockError::WouldBlock)) => None,
            (Wait::AtMost(_), Err(TryLockError::WouldBlock)) => {
                Some(self.0.lock().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }
}

impl<T> fmt::Debug for Awaited<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Awaited")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_read_that_is_stuck_is_waited_for_once_and_answers_when_it_can() {
        let awaited = Awaited::default();
        let ask = |wait, read: Box<dyn FnOnce() -> io::Result<u8> + Send>| awaited.ask(wait, read).map(Result::ok);
        let (release, stuck) = channel::<u8>();
        let never = || Box::new(|| unreachable!("one read at a time"));
        let long = Wait::AtMost(Duration::from_secs(3600));
        assert_eq!(ask(Wait::Never, Box::new(move || Ok(stuck.recv().unwrap()))), None);
        assert_eq!(ask(Wait::AtMost(Duration::from_millis(1)), never()), None, "it is given up");
        assert_eq!(ask(long, never()), None, "and not waited for again");
        release.send(7).unwrap();
        let answer = std::iter::repeat_with(|| ask(Wait::Never, never())).flatten().next();
        assert_eq!(answer, Some(Some(7)));
        assert_eq!(ask(long, Box::new(|| Ok(8))), Some(Some(8)), "the next read is a new one");
        assert_eq!(ask(long, Box::new(|| Err(ErrorKind::TimedOut.into()))), Some(None));
        let (_keep, stuck) = channel::<u8>();
        let forever = Box::new(move || stuck.recv().map_err(io::Error::other));
        assert_eq!(ask(long, forever), None, "one that took too long by itself is not waited for either");
    }
}
