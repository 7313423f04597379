//! What can go wrong with the accounts file, with what to do.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::holder::Holder;
use crate::files::{self, NotAFile, TooLarge};
use crate::secrets::master_key::KeyError;

/// Why the accounts file was not read or not written. Its bytes are untouched in every case.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: Arc<io::Error>,
    },
    /// It is empty, cut short or not ours.
    #[error("`{}` cannot be read as an accounts file: {reason}", path.display())]
    Unreadable {
        /// The accounts file.
        path: PathBuf,
        /// What is wrong with it; no part of its content.
        reason: String,
        /// The state before the last write, if there is one.
        previous: PathBuf,
    },
    /// A later version of this program wrote it.
    #[error("`{}` has version {version}, this program reads up to 3", path.display())]
    Newer {
        /// The accounts file.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// The lock was not free within ten seconds.
    #[error("the accounts file is held by {}", name(holder.as_ref()))]
    Busy {
        /// Who wrote its name into the lock file last.
        holder: Option<Holder>,
    },
    /// The lock folder cannot be trusted.
    #[error("`{}` {problem}", path.display())]
    Foreign {
        /// The `.cam` folder.
        path: PathBuf,
        /// Whose or what it is.
        problem: &'static str,
    },
}

/// What to do about a lock folder that cannot be trusted. One of another user has the locks of that user's sessions in it:
/// it is never removed.
fn mend(path: &Path, problem: &str) -> String {
    if problem == crate::files::ANOTHER_USER {
        let quoted = path.display().to_string().replace('\'', r"'\''");
        format!(
            "make it yours with `sudo chown -R \"$(id -un)\" '{quoted}'` or run this as that user \
             (`codex-account-manager doctor` shows whose the files are)"
        )
    } else {
        "move it away, or set `CAM_ACCOUNTS_FILE` to another file".to_owned()
    }
}

/// What to do about what the system says.
fn advice(action: &str, source: &io::Error) -> &'static str {
    use io::ErrorKind;
    let is =
        |error: &dyn Fn(&(dyn std::error::Error + Send + Sync + 'static)) -> bool| source.get_ref().is_some_and(error);
    match source.kind() {
        _ if is(&|error| error.is::<NotAFile>()) => "move it away, or set `CAM_ACCOUNTS_FILE` to a file",
        _ if is(&|error| error.is::<TooLarge>()) => {
            "no accounts file is that large: check `CAM_ACCOUNTS_FILE`, or move it away"
        }
        ErrorKind::IsADirectory => "move it away, or set `CAM_ACCOUNTS_FILE` to a file",
        ErrorKind::ResourceBusy if matches!(action, "replace" | "move") => {
            "it is mounted by itself, so no other file can take its place: mount the folder that it is in, not the file"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "mount its file system for writing, or set `CAM_ACCOUNTS_FILE` to a file elsewhere"
        }
        _ if files::is_in_the_way(source) => {
            "another program may have it open, such as a virus scanner, a backup or an editor: close that, or check that you may write there"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space",
        _ => "check its owner, its mode and the free space",
    }
}

fn name(holder: Option<&Holder>) -> String {
    match holder {
        Some(holder) => format!("process {} (session `{}`)", holder.pid, holder.session_id),
        None => "another process".to_owned(),
    }
}

impl StoreError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            StoreError::Io { action, source, .. } => advice(action, source).to_owned(),
            StoreError::Unreadable { previous, .. } => {
                format!("restore it from `{}` or start fresh with `codex-account-manager reset`", previous.display())
            }
            StoreError::Newer { .. } => "update codex-account-manager".to_owned(),
            StoreError::Busy { .. } => "end or continue that process, then try again".to_owned(),
            StoreError::Foreign { path, problem } => mend(path, problem),
        }
    }

    /// The message with what to do, where there is one line for both.
    pub fn with_hint(&self) -> String {
        format!("{self}; {}", self.hint())
    }

    /// For `map_err`: the system refused to `action` the file at `path`.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
        let path = path.to_owned();
        move |source| StoreError::Io { action, path, source: Arc::new(source) }
    }
}

/// Why an update was not made. Nothing was written, but for a failed sync after the file was replaced.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError<E> {
    /// The change itself said no.
    #[error("{0}")]
    Refused(E),
    /// The file was removed, and this update may not bring it back.
    #[error("there is no accounts file; add an account with `codex-account-manager add` or `login`")]
    NoFile,
    /// The file could not be locked, read or replaced.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A new secret could not be sealed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl UpdateError<Infallible> {
    /// The same of a change that may say no.
    pub(super) fn widened<E>(self) -> UpdateError<E> {
        match self {
            UpdateError::Refused(never) => match never {},
            UpdateError::NoFile => UpdateError::NoFile,
            UpdateError::Store(error) => UpdateError::Store(error),
            UpdateError::Key(error) => UpdateError::Key(error),
        }
    }
}
