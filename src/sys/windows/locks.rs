//! Locks on open files. Windows keeps others from the locked bytes themselves, so that one byte is locked which no file has:
//! what a lock file says about its owner can be read while it is locked.

use std::fs::File;
use std::io;

use super::calls;
use crate::sys::Lock;

/// Waits until `lock` can be had.
pub fn wait(file: &File, lock: Lock) -> io::Result<()> {
    calls::lock(file, lock == Lock::Exclusive, true).map(drop)
}

/// Whether `lock` could be had at once.
pub fn try_lock(file: &File, lock: Lock) -> io::Result<bool> {
    calls::lock(file, lock == Lock::Exclusive, false)
}

/// Frees the lock of `file`.
pub fn free(file: &File) -> io::Result<()> {
    calls::unlock(file)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test opens files of its own")]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_a_locked_file_says_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let open = || File::options().read(true).write(true).create(true).truncate(false).open(&path).unwrap();
        let (mut ours, other) = (open(), open());
        assert!(try_lock(&ours, Lock::Exclusive).unwrap());
        ours.write_all(b"who").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"who");
        assert!(!try_lock(&other, Lock::Shared).unwrap());
        free(&ours).unwrap();
        assert!(try_lock(&other, Lock::Shared).unwrap() && try_lock(&ours, Lock::Shared).unwrap());
        assert!(!try_lock(&open(), Lock::Exclusive).unwrap());
    }
}
