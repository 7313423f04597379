//! Writing `config.toml`: one writer at a time, the old file or the new one and never half of it, and through a symbolic
//! link rather than in its place.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::edit::{EditError, edited};
use super::entries::ALL_NOTES;
use super::file::Text;
use super::held;
use super::keys::Key;
use crate::domain::text_encoding;
use crate::files::{self, Replacement};
use crate::paths::Paths;

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
    /// It is gone or empty, and rules of projects or keys of the proxy stood in it: a new one without them would allow what they did not.
    #[error(
        "`{path}` is gone or empty, and {entries} stood in it; put it back, or write a line such as `# none` into it"
    )]
    Held {
        /// The file.
        path: PathBuf,
        /// What stood in it.
        entries: &'static str,
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

/// Sets `key` in `config.toml`, or takes it out. A file and folders that are missing are made, for their owner alone.
///
/// # Errors
///
/// [`WriteError`]; the file is then as it was.
pub fn set(paths: &Paths, key: &Key, value: Option<&Value>) -> Result<(), WriteError> {
    let path = &paths.config_file;
    let failed = |source| WriteError::Io { path: path.to_owned(), source };
    let (file, _lock) = locked(path).map_err(failed)?;
    if files::stat(&file).is_ok_and(|found| found.is_some_and(|found| !found.is_file())) {
        return Err(failed(io::Error::other("it is not a file")));
    }
    let found = super::file::read(&file).map_err(failed)?;
    if found.as_ref().is_none_or(|found| found.text.trim().is_empty()) {
        check_nothing_stood_in(paths)?;
    }
    let Text { text, is_marked } = found.unwrap_or_default();
    let changed = edited(&text, key, value).map_err(|source| WriteError::Content { path: path.to_owned(), source })?;
    if text == changed {
        return Ok(());
    }
    // Some editors of Windows put a mark before the text, and look for it.
    let mark = if is_marked { text_encoding::MARK } else { "" };
    replace(&file, format!("{mark}{changed}").as_bytes(), key.secret).map_err(failed)
}

/// Makes `config.toml` with every key commented out, unless there is one. Whether it was made.
///
/// # Errors
///
/// [`WriteError`]
pub fn create(paths: &Paths) -> Result<bool, WriteError> {
    let path = &paths.config_file;
    let failed = |source| WriteError::Io { path: path.to_owned(), source };
    let (file, _lock) = locked(path).map_err(failed)?;
    // No link is left in the path.
    if files::stat(&file).is_ok_and(|found| found.is_some()) {
        return Ok(false);
    }
    check_nothing_stood_in(paths)?;
    replace(&file, super::template::template().as_bytes(), false).map(|()| true).map_err(failed)
}

fn check_nothing_stood_in(paths: &Paths) -> Result<(), WriteError> {
    let Some(notes) = ALL_NOTES.into_iter().find(|notes| held::is_noted(paths, *notes)) else { return Ok(()) };
    Err(WriteError::Held { path: paths.config_file.clone(), entries: notes.of })
}

/// The file that `path` leads to, and the lock of its folder, which is made if it is missing.
fn locked(path: &Path) -> io::Result<(PathBuf, Option<File>)> {
    let file = files::real_path(path)?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    files::make_folder(folder)?;
    let lock = lock(folder)?;
    Ok((file, lock))
}

/// The folder's own lock. Where a folder cannot be locked two writers at once may lose a key.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let Some(folder) = files::lock::open_folder(folder)? else { return Ok(None) };
    for _ in 0..TRIES.0 {
        match files::lock::try_lock(&folder) {
            Ok(true) => return Ok(Some(folder)),
            Ok(false) => std::thread::sleep(TRIES.1),
            Err(_) => return Ok(None),
        }
    }
    Err(io::Error::new(ErrorKind::WouldBlock, "another process is changing it"))
}

/// The lock is held. A file that was there keeps its mode, unless it gets a secret now.
fn replace(file: &Path, bytes: &[u8], is_secret: bool) -> io::Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().ok_or(ErrorKind::InvalidInput)?);
    name.push(".cam-next");
    let kept_mode = if is_secret { 0o700 } else { 0o777 };
    files::replace(&Replacement { path: file, next: &file.with_file_name(name), kept_mode }, bytes)
}
