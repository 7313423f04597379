//! From what the store and the keys refuse to what a verb fails with: here each gets its kind.

use crate::error::{Error, ErrorKind, deepest};
use crate::ledger::LedgerError;
use crate::secrets::master_key::KeyError;
use crate::store::{StoreError, UpdateError};

/// What a person does who has no account.
pub const FIRST_ACCOUNT: &str =
    "add a key with `codex-account-manager add LABEL`, or log in with `codex-account-manager login`";

/// A change of the accounts file that failed; `refusal` is of what the change itself refuses.
pub fn of_update<E>(error: UpdateError<E>, refusal: impl FnOnce(E) -> Error) -> Error {
    match error {
        UpdateError::Refused(error) => refusal(error),
        UpdateError::NoFile => Error::new(ErrorKind::AccountNotFound, "there is no accounts file").hint(FIRST_ACCOUNT),
        UpdateError::Store(error) => error.into(),
        UpdateError::Key(error) => error.into(),
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
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

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Error {
        Error::new(ErrorKind::Locked, error.to_string()).hint(error.hint()).caused_by(error)
    }
}

/// A ledger that cannot be read now.
impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Error {
        let cause = std::error::Error::source(&error).map(|source| format!(": {}", deepest(source)));
        let message = format!("{error}{}", cause.unwrap_or_default());
        Error::new(ErrorKind::Internal, message).hint(error.hint()).caused_by(error)
    }
}
