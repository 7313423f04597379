//! From what the store and the keys refuse to what a verb fails with: here each gets its kind.

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
    /// What the verb itself refuses.
    Verb(Error),
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
            UpdateError::Refused(error) => Failure::Verb(error),
            UpdateError::NoFile => Failure::NoFile,
            UpdateError::Store(error) => Failure::Store(error),
            UpdateError::Key(error) => Failure::Key(error),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        match failure {
            Failure::Verb(error) => error,
            Failure::NoFile => Error::new(ErrorKind::AccountNotFound, "there is no accounts file").hint(FIRST_ACCOUNT),
            Failure::Key(error) => Error::new(ErrorKind::Locked, error.to_string()).hint(error.hint()).caused_by(error),
            Failure::Store(error) => {
                let kind = match &error {
                    StoreError::Busy { .. } => ErrorKind::StoreBusy,
                    StoreError::Io { .. }
                    | StoreError::Unreadable { .. }
                    | StoreError::Newer { .. }
                    | StoreError::Foreign { .. } => ErrorKind::StoreUnreadable,
                };
                Error::new(kind, error.to_string()).hint(error.hint()).caused_by(error)
            }
        }
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
