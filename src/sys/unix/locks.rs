//! Locks on open files.

use std::fs::File;
use std::io;

use fs4::{FileExt, TryLockError};

use crate::sys::Lock;

/// Waits until `lock` can be had.
pub fn wait(file: &File, lock: Lock) -> io::Result<()> {
    match lock {
        Lock::Exclusive => FileExt::lock(file),
        Lock::Shared => FileExt::lock_shared(file),
    }
}

/// Whether `lock` could be had at once.
pub fn try_lock(file: &File, lock: Lock) -> io::Result<bool> {
    let locked = match lock {
        Lock::Exclusive => FileExt::try_lock(file),
        Lock::Shared => FileExt::try_lock_shared(file),
    };
    match locked {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Frees the lock of `file`, wherever it is open.
pub fn free(file: &File) -> io::Result<()> {
    FileExt::unlock(file)
}
