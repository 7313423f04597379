//! Consoles.

use std::io::{self, Write};
use std::time::Duration;

use crate::sys::Sink;

/// Whether every terminal shows Unicode, whatever the environment says.
pub const IS_UNICODE: bool = true;

/// Whether a terminal that has no `TERM` obeys sequences.
pub const OBEYS_WITHOUT_TERM: bool = true;

/// Whether a signal reports that the terminal has another size.
pub const HAS_RESIZE_SIGNAL: bool = false;

/// Whether single keys can be read from stdin as they are typed.
pub const HAS_SINGLE_KEYS: bool = false;

/// Columns and rows of the console's window.
pub fn size() -> io::Result<(u16, u16)> {
    crossterm::terminal::size()
}

/// A console's mouse is asked for by a call. One that has none does without.
pub fn capture_mouse(is_wanted: bool) {
    use crossterm::event::{DisableMouseCapture, EnableMouseCapture};
    let _ = if is_wanted {
        crossterm::execute!(io::stdout(), EnableMouseCapture)
    } else {
        crossterm::execute!(io::stdout(), DisableMouseCapture)
    };
}

/// A console does not go without a signal.
pub fn wait_for_hangup() -> bool {
    false
}

/// Reads stdin until it ends or `take` answers no. A read stops nobody.
pub fn read_in_front(take: impl Fn(Vec<u8>) -> bool) {
    let mut line = String::new();
    while io::stdin().read_line(&mut line).is_ok_and(|count| count > 0) {
        if !take(std::mem::take(&mut line).into_bytes()) {
            return;
        }
    }
}

/// The console on stdout.
pub struct Output;

impl Output {
    /// Nothing to open.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
    pub fn new() -> io::Result<Output> {
        Ok(Output)
    }
}

impl Sink for Output {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()?;
        Ok(bytes.len())
    }

    fn wait(&self, limit: Duration) {
        std::thread::sleep(limit);
    }

    /// There is no such call.
    fn discard(&self) {}

    /// No process is stopped there.
    fn is_elsewhere(&self) -> bool {
        false
    }
}

/// The console echoes all the same.
pub struct NoEcho;

impl NoEcho {
    /// Nothing is changed.
    pub fn begin() -> Option<NoEcho> {
        None
    }
}
