//! Waiting for the other end of a pipe: there is no such call, and the next read or write says what became of it.

use std::io;
use std::time::Duration;

use crate::sys::Ready;

/// The read itself waits.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub fn readable<T>(_: &T, _: Option<Duration>) -> io::Result<Ready> {
    Ok(Ready::Bytes)
}

/// That cannot be waited for.
pub fn wait_for_close<T>(_: &T) -> bool {
    false
}

/// The next write says so.
pub fn is_closed<T>(_: &T) -> bool {
    false
}
