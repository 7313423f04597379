//! Signals: those that end the program, and those that say that the terminal changed.

use std::io;

use crate::sys;
pub use crate::sys::signals::stop_group as stop;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The program has to end.
    End,
    /// It was stopped and goes on.
    Continued,
    /// The terminal has another size.
    Resized,
}

/// The signals that are watched.
pub struct Signals(sys::signals::Signals);

impl Signals {
    /// From now on they no longer have their usual effect. `SIGTSTP` keeps it: the system then knows whether there is a
    /// shell that could let us go on.
    pub fn new() -> io::Result<Signals> {
        use sys::Signal::{Continue, Hangup, Interrupt, Quit, Terminate, WindowChange};
        sys::signals::Signals::watch(&[Terminate, Interrupt, Hangup, Quit, Continue, WindowChange]).map(Signals)
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Signal {
        match self.0.next().await {
            sys::Signal::Continue => Signal::Continued,
            sys::Signal::WindowChange => Signal::Resized,
            _ => Signal::End,
        }
    }
}
