//! Signals that this process gets or sends itself.

use std::io;
use std::task::Poll;

use rustix::process::{Signal as Raw, getpid, kill_current_process_group, kill_process};
use tokio::signal::unix::{self, SignalKind};

use crate::sys::Signal;

/// The number that the system calls `signal` by.
pub(super) fn raw(signal: Signal) -> Raw {
    match signal {
        Signal::Interrupt => Raw::INT,
        Signal::Terminate => Raw::TERM,
        Signal::Hangup => Raw::HUP,
        Signal::Quit => Raw::QUIT,
        Signal::User1 => Raw::USR1,
        Signal::User2 => Raw::USR2,
        Signal::Continue => Raw::CONT,
        Signal::TerminalStop => Raw::TSTP,
        Signal::WindowChange => Raw::WINCH,
    }
}

impl Signal {
    /// The exit code of a process that the signal ended, as shells spell it.
    pub fn exit_code(self) -> u8 {
        128 + u8::try_from(raw(self).as_raw()).unwrap_or_default()
    }
}

/// Signals that are watched.
pub struct Signals(Vec<(Signal, unix::Signal)>);

impl Signals {
    /// From now on they no longer have their usual effect.
    ///
    /// # Errors
    ///
    /// The system's, when one of them cannot be watched.
    pub fn watch(signals: &[Signal]) -> io::Result<Signals> {
        let watched =
            signals.iter().map(|signal| Ok((*signal, unix::signal(SignalKind::from_raw(raw(*signal).as_raw()))?)));
        Ok(Signals(watched.collect::<io::Result<_>>()?))
    }

    /// The same without those that cannot be watched.
    pub fn watch_possible(signals: &[Signal]) -> Signals {
        let watched = signals.iter().map(|signal| Signals::watch(&[*signal]));
        let watched = watched.filter_map(|watched| {
            watched.inspect_err(|error| tracing::warn!("a signal cannot be watched: {error}")).ok()
        });
        Signals(watched.flat_map(|signals| signals.0).collect())
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Signal {
        std::future::poll_fn(|context| {
            let mut ready = self
                .0
                .iter_mut()
                .filter_map(|(signal, stream)| stream.poll_recv(context).is_ready().then_some(*signal));
            ready.next().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// Stops all that the shell started with us, as Ctrl-Z does, until the shell continues it. Where there is no such shell
/// the system ignores this.
pub fn stop_group() {
    if let Err(error) = kill_current_process_group(Raw::TSTP) {
        tracing::debug!("the process cannot be stopped: {error}");
    }
}

/// Stops this process until it is continued.
pub fn stop() {
    let _ = kill_process(getpid(), Raw::STOP);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_signal_that_is_watched_does_not_end_the_process() {
        let mut signals = Signals::watch(&[Signal::User2, Signal::WindowChange]).unwrap();
        kill_process(getpid(), Raw::USR2).unwrap();
        assert_eq!(signals.next().await, Signal::User2);
        assert_eq!([Signal::Interrupt, Signal::Terminate].map(Signal::exit_code), [130, 143]);
    }
}
