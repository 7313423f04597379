//! The standard output as it is, and waiting for the other end of a pipe: there is no such call, and the next read or write
//! says what became of it.

use std::fs::File;
use std::io;
use std::os::windows::io::AsHandle;
use std::time::Duration;

use crate::sys::Ready;

/// The standard output, which takes whatever is written at once: the standard library's own cuts it at the last line's end.
pub fn stdout() -> io::Result<File> {
    io::stdout().as_handle().try_clone_to_owned().map(File::from)
}

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
