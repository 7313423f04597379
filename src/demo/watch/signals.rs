//! What asks the demo to end from outside.

use crate::sys::{self, Signal};

/// The signals after which everything is put away.
pub struct Signals(sys::signals::Signals);

impl Signals {
    /// From now on they no longer end this process.
    pub fn new() -> Signals {
        let signals = [Signal::Hangup, Signal::Interrupt, Signal::Quit, Signal::Terminate];
        Signals(sys::signals::Signals::watch_possible(&signals))
    }

    /// The exit code that the next one leads to.
    pub async fn next(&mut self) -> u8 {
        self.0.next().await.exit_code()
    }
}
