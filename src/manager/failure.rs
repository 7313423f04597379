//! From what the store and the keys refuse to what a verb fails with.

use crate::error::{Error, ErrorKind};
use crate::secrets::master_key::KeyError;
use crate::store::{StoreError, UpdateError};

/// What a person does who has no account.
pub const FIRST_ACCOUNT: &str =
    "add a key with `codex-account-manager add LABEL`, or log in with `codex-account-manager login`";

/// A failure on its way to becoming an [`Error`].
pub enum Failure {
    /// The accounts file.
    Store(StoreError),
    /// A key.
    Key(KeyError),
    /// Already in words.
    Said(Error),
    /// There is no accounts file, or it was removed.
    NoFile,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Store(error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Failure {
        Failure::Key(error)
    }
}

impl From<UpdateError<Error>> for Failure {
    fn from(error: UpdateError<Error>) -> Failure {
        match error {
            UpdateError::Refused(error) => Failure::Said(error),
            UpdateError::NoFile => Failure::NoFile,
            UpdateError::Store(error) => Failure::Store(error),
            UpdateError::Key(error) => Failure::Key(error),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        match failure {
            Failure::Said(error) => error,
            Failure::NoFile => Error::new(ErrorKind::AccountNotFound, "there is no accounts file").hint(FIRST_ACCOUNT),
            Failure::Key(error) => said(ErrorKind::Locked, &error),
            Failure::Store(error) => {
                let kind = match &error {
                    StoreError::Busy { .. } => ErrorKind::StoreBusy,
                    StoreError::Io { .. }
                    | StoreError::Unreadable { .. }
                    | StoreError::Newer { .. }
                    | StoreError::Foreign { .. } => ErrorKind::StoreUnreadable,
                };
                said(kind, &error)
            }
        }
    }
}

/// The store's sentences end with what to do, behind a semicolon.
pub(super) fn said(kind: ErrorKind, error: &dyn std::error::Error) -> Error {
    let text = error.to_string();
    match text.rsplit_once("; ") {
        Some((message, hint)) => Error::new(kind, message).hint(hint),
        None => Error::new(kind, text),
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        Failure::Store(error).into()
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Error {
        Failure::Key(error).into()
    }
}
