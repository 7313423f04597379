//! Writes frames to the terminal without ever waiting inside a write.

use std::io;
use std::time::Duration;

pub use crate::sys::terminal::Output;

/// Something that takes bytes.
pub trait Sink: Send + Sync + 'static {
    /// Takes some of `bytes`, or answers `WouldBlock`.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Waits until it takes more, no longer than `limit`.
    fn wait(&self, limit: Duration);
    /// Discards what has been taken and not been shown yet, where the system can.
    fn discard(&self);
}

impl Sink for Output {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Output::write(self, bytes)
    }

    fn wait(&self, limit: Duration) {
        Output::wait(self, limit);
    }

    fn discard(&self) {
        Output::discard(self);
    }
}
