//! Writing `config.toml`: one writer at a time, the old file or the new one and never half of it, and through a symbolic
//! link rather than in its place.
#![expect(clippy::disallowed_methods, reason = "this file wraps the file system for the configuration")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::edit::{EditError, edited};
use super::keys::Key;

/// As many links as Linux follows.
const MOST_LINKS: usize = 40;

/// How often and how long apart the lock is tried for: two seconds together.
const TRIES: (u32, Duration) = (40, Duration::from_millis(50));

/// Why a key could not be set.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// What is in the file cannot be changed; it stays as it is.
    #[error("`{path}` is left as it is: {source}")]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        source: EditError,
    },
    /// The file cannot be written.
    #[error("`{path}` cannot be written: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Sets `key` in the file at `path`, or takes it out. A file and folders that are missing are made, for their owner alone.
///
/// # Errors
///
/// [`WriteError`]; the file is then as it was.
pub fn set(path: &Path, key: &Key, value: Option<&Value>) -> Result<(), WriteError> {
    let failed = |source| WriteError::Io { path: path.to_owned(), source };
    let file = real_path(path).map_err(failed)?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    make_folder(folder).map_err(failed)?;
    let _lock = lock(folder).map_err(failed)?;
    if fs::metadata(&file).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(failed(io::Error::other("it is not a file")));
    }
    let text = super::file::read(&file).map_err(failed)?;
    let changed = edited(text.as_deref().unwrap_or_default(), key, value)
        .map_err(|source| WriteError::Content { path: path.to_owned(), source })?;
    if text.as_deref().unwrap_or_default() == changed {
        return Ok(());
    }
    replace(&file, folder, changed.as_bytes(), key.secret).map_err(failed)
}

/// Makes the file at `path` with every key commented out, unless there is one. Whether it was made.
///
/// # Errors
///
/// [`WriteError::Io`]
pub fn create(path: &Path) -> Result<bool, WriteError> {
    let failed = |source| WriteError::Io { path: path.to_owned(), source };
    let file = real_path(path).map_err(failed)?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    make_folder(folder).map_err(failed)?;
    let _lock = lock(folder).map_err(failed)?;
    if fs::symlink_metadata(&file).is_ok() {
        return Ok(false);
    }
    replace(&file, folder, super::template::template().as_bytes(), false).map(|()| true).map_err(failed)
}

/// The file behind every link, also one that dangles.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    let mut path = std::path::absolute(path)?;
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&path) else { return Ok(path) };
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The folder's own lock: no file is left behind. Where a folder cannot be locked two writers at once may lose a key.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    #[cfg(unix)]
    {
        use rustix::fs::{FlockOperation, flock};
        let held = File::open(folder)?;
        for _ in 0..TRIES.0 {
            match flock(&held, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Some(held)),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => std::thread::sleep(TRIES.1),
                Err(_) => return Ok(None),
            }
        }
        Err(io::Error::new(ErrorKind::WouldBlock, "another process is changing it"))
    }
    #[cfg(not(unix))]
    {
        let _ = (folder, TRIES);
        Ok(None)
    }
}

/// Writes beside the file and puts that in its place in one step.
fn replace(file: &Path, folder: &Path, bytes: &[u8], is_secret: bool) -> io::Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().ok_or(ErrorKind::InvalidInput)?);
    // The lock is held, so what has this name already was left by a process that died.
    name.push(".cam-next");
    let next = folder.join(name);
    if let Err(error) = fs::remove_file(&next)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error);
    }
    let written = write_new(&next, file, bytes, is_secret).and_then(|()| fs::rename(&next, file));
    if written.is_err() {
        let _ = fs::remove_file(&next);
        return written;
    }
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// A new file is its owner's alone; one that was there keeps its mode, unless it gets a secret now.
fn write_new(next: &Path, file: &Path, bytes: &[u8], is_secret: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(next)?;
    opened.write_all(bytes)?;
    #[cfg(unix)]
    if let Ok(metadata) = fs::metadata(file) {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let mode = metadata.mode() & if is_secret { 0o700 } else { 0o777 };
        opened.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    let _ = (file, is_secret);
    opened.sync_all()
}
