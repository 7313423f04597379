//! Kernel locks on open files: death frees each of them, and so does closing the file, wherever it is open. A program that
//! was just started has all files of this one until it runs: a lock that others take without waiting is freed first.

use std::fs::File;
use std::io;

use crate::sys::Lock;
/// Opens what is locked for a folder: where that is possible the folder itself, so that nothing is left behind.
pub use crate::sys::files::open_folder;
use crate::sys::locks;

/// Waits until the lock of `file` is free, and takes it; there is no way to stop waiting.
pub fn wait(file: &File) -> io::Result<()> {
    uninterrupted(|| locks::wait(file, Lock::Exclusive))
}

/// Whether the lock of `file` was free and is ours now.
pub fn try_lock(file: &File) -> io::Result<bool> {
    uninterrupted(|| locks::try_lock(file, Lock::Exclusive))
}

/// Whether nobody holds `file` for itself alone, and nobody will as long as it is open here.
pub fn try_share(file: &File) -> io::Result<bool> {
    uninterrupted(|| locks::try_lock(file, Lock::Shared))
}

/// Whether a process holds `file` for itself alone. The shared lock that finds out is held for an instant and never stops
/// another one that asks the same.
pub fn is_held(file: &File) -> io::Result<bool> {
    try_share(file).map(|was_free| {
        if was_free {
            free(file);
        }
        !was_free
    })
}

/// Frees the lock of `file`, wherever it is open.
pub fn free(file: &File) {
    // Closing the file comes next, and frees it too.
    let _ = uninterrupted(|| locks::free(file));
}

fn uninterrupted<T>(lock: impl Fn() -> io::Result<T>) -> io::Result<T> {
    loop {
        match lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
