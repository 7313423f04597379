//! Why the ledger cannot answer.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

/// A ledger that cannot be read or written. Serving goes on without it.
#[derive(Clone, Debug, Error)]
pub enum LedgerError {
    /// A newer build made it.
    #[error("the ledger `{path}` has version {found} and this build knows version {known}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that is known here.
        known: i64,
    },
    /// Another process holds it for longer than anyone should. What was to be written stays queued.
    #[error("another process holds the ledger `{path}`")]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The folder or the file cannot be made or opened.
    #[error("cannot open the ledger `{path}`")]
    Open {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: Arc<io::Error>,
    },
    /// A read or a write failed.
    #[error("cannot use the ledger `{path}`")]
    Database {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// It is no ledger any more. Who only reads leaves it where it is.
    #[error("the ledger `{path}` is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// A read failed.
    #[error("cannot read the ledger `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// More entries wait to be written than memory is to be spent on.
    #[error("too many entries wait for the ledger `{path}`")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The ledger's thread could not be started or is gone.
    #[error("the thread of the ledger `{path}` has ended")]
    Stopped {
        /// The file.
        path: PathBuf,
    },
}

impl LedgerError {
    /// What to do, or what happens by itself.
    pub fn hint(&self) -> &'static str {
        match self {
            LedgerError::Newer { .. } => "update codex-account-manager, or move the file away to start a new one",
            LedgerError::Busy { .. } => "find the one that is stopped and end it",
            LedgerError::Open { .. } => "check that its folder can be written",
            LedgerError::Database { .. } => "check the space on the disk and the mode of the file",
            LedgerError::Damaged { .. } => "the next session that writes to it moves it aside and starts a new one",
            LedgerError::Unreadable { .. } => "check the mode of the file and of its folder",
            LedgerError::Full { .. } => "of further requests only the sums are kept",
            LedgerError::Stopped { .. } => "start the process again",
        }
    }

    /// The message with its hint, where there is one line for both.
    pub fn with_hint(&self) -> String {
        format!("{self}; {}", self.hint())
    }

    /// Whether it may be well again without any change of what is to be written.
    pub(super) fn is_passing(&self) -> bool {
        use rusqlite::ErrorCode::{CannotOpen, DiskFull, OutOfMemory, PermissionDenied, ReadOnly, SystemIoFailure};
        match self {
            LedgerError::Newer { .. } | LedgerError::Busy { .. } | LedgerError::Open { .. } => true,
            LedgerError::Database { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(CannotOpen | DiskFull | OutOfMemory | PermissionDenied | ReadOnly | SystemIoFailure)
            ),
            LedgerError::Damaged { .. }
            | LedgerError::Unreadable { .. }
            | LedgerError::Full { .. }
            | LedgerError::Stopped { .. } => false,
        }
    }
}
