//! Locks on open files.

use std::fs::File;
use std::io;

use fs4::fs_std::FileExt;

use crate::sys::Lock;

/// Waits until `lock` can be had.
pub fn wait(file: &File, lock: Lock) -> io::Result<()> {
    match lock {
        Lock::Exclusive => FileExt::lock_exclusive(file),
        Lock::Shared => FileExt::lock_shared(file),
    }
}

/// Whether `lock` could be had at once.
pub fn try_lock(file: &File, lock: Lock) -> io::Result<bool> {
    match lock {
        Lock::Exclusive => FileExt::try_lock_exclusive(file),
        Lock::Shared => FileExt::try_lock_shared(file),
    }
}

/// Frees the lock of `file`, wherever it is open.
pub fn free(file: &File) -> io::Result<()> {
    FileExt::unlock(file)
}
