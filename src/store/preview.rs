//! What a change would make of the file, with nothing locked and nothing written; and accounts files of other places.

use std::sync::Arc;

use super::error::StoreError;
use super::format::{FormatError, SecretField, SharedAccount, State, StoredAccount, StoredSecret, give_ids};
use super::{Store, Transaction, seal_copy};
use crate::secrets::Secret;
use crate::secrets::master_key::KeyError;

/// The file before and after a change that was not made.
#[derive(Debug)]
pub struct Preview<T> {
    /// Its bytes; empty when there is none.
    pub before: Vec<u8>,
    /// What would be written, with new secrets as `****`; `None` when nothing would be.
    pub after: Option<Vec<u8>>,
    /// What the change returned.
    pub value: T,
}

impl Store {
    /// Does `change` to a copy of the file. What is made at random with a file, and what its secrets are sealed with,
    /// is left out where there is none yet.
    ///
    /// # Errors
    ///
    /// Those of [`Store::read`]; a [`KeyError`] when new secrets could not be sealed for want of the key.
    pub fn preview<T, E: From<StoreError> + From<KeyError>>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<Preview<T>, E> {
        let (before, bytes) = match self.read()? {
            Some(state) => (State::clone(&state), self.0.cache().text().bytes().to_vec()),
            None => (State::new(""), Vec::new()),
        };
        let mut transaction = Transaction {
            state: before.clone(),
            before: &before,
            places: &self.0.places(),
            bytes: &bytes,
            now: self.0.clock.now(),
            once_seen: None,
        };
        let value = change(&mut transaction)?;
        let mut after = transaction.state;
        if after == before {
            return Ok(Preview { before: bytes, after: None, value });
        }
        if let Some(seal) = &after.seal
            && after.secrets().any(|secret| matches!(secret, StoredSecret::New(_)))
        {
            self.0.keyring.unlock(seal)?;
        }
        give_ids(&mut after.accounts);
        after.revision = self.0.next_revision(&before);
        Ok(Preview { before: bytes, after: Some(after.to_json()), value })
    }

    /// Reads an accounts file from elsewhere. Its secrets open with the keys at hand, under its own `seal` block.
    ///
    /// # Errors
    ///
    /// [`FormatError`].
    pub fn read_foreign(&self, bytes: &[u8]) -> Result<Foreign, FormatError> {
        let mut state = State::from_json(bytes)?;
        // A tool may have dropped the block of what is a copy of our own file.
        seal_copy::restore(&self.0.places(), &mut state);
        Ok(Foreign(Arc::new(state)))
    }
}

/// An accounts file from elsewhere.
#[derive(Clone, Debug)]
pub struct Foreign(Arc<State>);

impl Foreign {
    /// Its accounts, in its order.
    pub fn accounts(&self) -> &[SharedAccount] {
        &self.0.accounts
    }

    /// One of its secrets, opened by `store`.
    ///
    /// # Errors
    ///
    /// [`KeyError`]
    pub fn open(
        &self,
        store: &Store,
        account: &StoredAccount,
        field: SecretField,
    ) -> Result<Option<Secret<String>>, KeyError> {
        store.open_secret(&self.0, account, field)
    }
}
