//! Locks on open files.

use std::fs::File;
use std::io;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::sys::Lock;

/// Waits until `lock` can be had.
pub fn wait(file: &File, lock: Lock) -> io::Result<()> {
    let operation = match lock {
        Lock::Exclusive => FlockOperation::LockExclusive,
        Lock::Shared => FlockOperation::LockShared,
    };
    Ok(flock(file, operation)?)
}

/// Whether `lock` could be had at once.
pub fn try_lock(file: &File, lock: Lock) -> io::Result<bool> {
    let operation = match lock {
        Lock::Exclusive => FlockOperation::NonBlockingLockExclusive,
        Lock::Shared => FlockOperation::NonBlockingLockShared,
    };
    match flock(file, operation) {
        Err(Errno::WOULDBLOCK) => Ok(false),
        locked => Ok(locked.map(|()| true)?),
    }
}

/// Frees the lock of `file`, wherever it is open.
pub fn free(file: &File) -> io::Result<()> {
    Ok(flock(file, FlockOperation::Unlock)?)
}
