//! Kernel locks: the one of the accounts file, and the small ones beside it. Death frees each of them.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::StoreError;
use super::holder::Holder;
use crate::files::{self, hash};

/// How often a lock file may vanish under us before we say so.
const ATTEMPTS: usize = 8;

/// The lock of the accounts file. Its file is never renamed and never removed.
#[must_use = "the lock is free again as soon as this is dropped"]
pub(super) struct FileLock {
    file: File,
}

impl FileLock {
    /// Waits until the lock is free; there is no way to stop waiting.
    pub(super) fn acquire(path: &Path) -> Result<FileLock, StoreError> {
        for _ in 0..ATTEMPTS {
            let file = files::open_lock(path).map_err(StoreError::io("open the lock file", path))?;
            files::lock::wait(&file).map_err(StoreError::io("lock", path))?;
            // Someone may have removed the folder by hand while we waited; a lock on a file without a name is none.
            if files::is_at(&file, path) {
                return Ok(FileLock { file });
            }
        }
        Err(StoreError::io("lock", path)(io::Error::other("it keeps being replaced")))
    }

    /// Leaves a note of who holds the lock, for those who wait in vain. A full disk must not stop the holder.
    pub(super) fn sign(&self, holder: &Holder) {
        if let Ok(note) = serde_json::to_vec(holder) {
            write_note(&self.file, &note);
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        files::lock::free(&self.file);
    }
}

/// A full disk must not stop the holder.
fn write_note(mut file: &File, note: &[u8]) {
    let _ = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(note));
    let _ = file.set_len(note.len() as u64);
}

/// A lock by name in the `.cam` folder; free again on drop and on death. Its file stays.
#[derive(Debug)]
#[must_use = "the lock is free again as soon as this is dropped"]
pub struct NamedLock {
    file: File,
}

impl NamedLock {
    /// Takes the lock if it is free.
    pub(super) fn attempt(path: &Path) -> io::Result<Option<NamedLock>> {
        let file = files::open_lock(path)?;
        Ok(files::lock::try_lock(&file)?.then_some(NamedLock { file }))
    }

    /// Waits until the lock is free.
    pub(super) fn acquire(path: &Path) -> io::Result<NamedLock> {
        let file = files::open_lock(path)?;
        files::lock::wait(&file)?;
        Ok(NamedLock { file })
    }

    /// Leaves a note of who holds the lock, for those who wait.
    pub fn sign(&self, note: &Value) {
        write_note(&self.file, note.to_string().as_bytes());
    }
}

impl Drop for NamedLock {
    fn drop(&mut self) {
        files::lock::free(&self.file);
    }
}

/// The place of the lock `kind` of `id` in `folder`. Ids come from files, so what is not plain is spelled in
/// hexadecimal, and what is long is cut and distinguished by a hash; no two ids share a name. Capitals are not plain, since
/// Windows and macOS take them for small letters, and no more is a dot at the end, which Windows drops.
pub(super) fn named(folder: &Path, kind: &str, id: &str) -> PathBuf {
    use std::fmt::Write;
    let mut name = format!("{kind}-");
    for (at, byte) in id.bytes().enumerate() {
        let is_last = at + 1 == id.len();
        if byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'-' | b'_')
            || (byte == b'.' && !is_last)
        {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02x}");
        }
    }
    if name.len() > 120 {
        name.truncate(80);
        name.push('%');
        name.push_str(&hash::hexadecimal(id.as_bytes()));
    }
    folder.join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_ids_share_a_file_on_any_system() {
        let name = |id: &str| named(Path::new(""), "session", id).display().to_string();
        for (id, expected) in [
            ("s-1.a_b", "session-s-1.a_b"),
            ("S-1", "session-%53-1"),
            ("s.", "session-s%2e"),
            ("a/b%", "session-a%2fb%25"),
        ] {
            assert_eq!(name(id), expected);
        }
        let [long, other] = ["a", "b"].map(|end| name(&format!("{}{end}", "x".repeat(200))));
        assert!(long != other && long.len() < 160);
    }

    /// A program that is started has a copy of each file until it runs.
    #[test]
    fn a_lock_that_is_dropped_is_free_though_its_file_is_open_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let is_free = || NamedLock::attempt(&path).unwrap().is_some();
        let lock = FileLock::acquire(&path).unwrap();
        let copy = lock.file.try_clone().unwrap();
        assert!(!is_free());
        drop(lock);
        assert!(is_free());
        drop(copy);
        let lock = NamedLock::acquire(&path).unwrap();
        let copy = lock.file.try_clone().unwrap();
        assert!(!is_free());
        drop(lock);
        assert!(is_free());
        assert!(!files::lock::is_held(&copy).unwrap());
        assert!(is_free(), "whoever asks holds nothing");
    }
}
