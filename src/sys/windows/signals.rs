//! Ctrl-C, the only signal that there is.

use std::io;

use crate::sys::Signal;

impl Signal {
    /// The exit code of a process that the signal ended, as shells spell it.
    pub fn exit_code(self) -> u8 {
        match self {
            Signal::Hangup => 129,
            Signal::Quit => 131,
            Signal::Terminate => 143,
            Signal::Interrupt
            | Signal::User1
            | Signal::User2
            | Signal::Continue
            | Signal::TerminalStop
            | Signal::WindowChange => 130,
        }
    }
}

/// Whether Ctrl-C is watched.
pub struct Signals(bool);

impl Signals {
    /// From the first [`Signals::next`] on Ctrl-C no longer ends this process, if it is one of them.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
    pub fn watch(signals: &[Signal]) -> io::Result<Signals> {
        Ok(Signals::watch_possible(signals))
    }

    /// The same.
    pub fn watch_possible(signals: &[Signal]) -> Signals {
        Signals(signals.contains(&Signal::Interrupt))
    }

    /// Waits for it.
    pub async fn next(&mut self) -> Signal {
        if !self.0 || tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}

/// There is no such thing.
pub fn stop_group() {}

/// There is no such thing.
pub fn stop() {}
