//! Sealing every secret under a new master key. The new key is on the disk before anything is sealed with it, the
//! accounts file is replaced in one step, and no key is taken away: killed anywhere, everything opens, all under the
//! old key or all under the new one.

use std::convert::Infallible;
use std::path::PathBuf;

use super::error::{StoreError, UpdateError};
use super::format::{MAX_FILE_BYTES, State};
use super::lock::FileLock;
use super::replace::{self, Before};
use super::transaction::{Present, is_first_sealing};
use super::{Inner, Store, rotations, seal_copy, sealing};
use crate::files;
use crate::secrets::Secret;
use crate::secrets::master_key::{KeyError, KeySource, NewKey};

/// What was sealed again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rekeyed {
    /// How many secrets there are.
    pub secrets: usize,
    /// Of how many accounts.
    pub accounts: usize,
    /// The key file that holds the new key, when it is a random one.
    pub key_file: Option<PathBuf>,
    /// Where the content of the key file before is kept now.
    pub earlier_key_file: Option<PathBuf>,
    /// What did not go as it should, though everything is sealed under the new key.
    pub warnings: Vec<String>,
}

impl Store {
    /// Seals every secret under a new key; nothing changes when one of them does not open.
    ///
    /// # Errors
    ///
    /// [`UpdateError::Key`] when the present key is missing or wrong or an entry is damaged, or the new key cannot be
    /// kept; [`UpdateError::NoFile`]; [`UpdateError::Store`].
    pub async fn rekey(&self, new: NewKey) -> Result<Rekeyed, UpdateError<Infallible>> {
        self.under_lock(move |inner, lock| inner.rekey(lock, &new)).await
    }

    /// Where the key that the file is sealed with comes from; `None` when nothing is sealed.
    ///
    /// # Errors
    ///
    /// [`KeyError`]: no key or the wrong one.
    pub fn key_source(&self, state: &State) -> Result<Option<KeySource>, KeyError> {
        state.seal.as_ref().map(|seal| self.0.keyring.source(seal)).transpose()
    }

    /// Whether `text` is the key that the file is sealed with.
    ///
    /// # Errors
    ///
    /// [`KeyError::DamagedSeal`].
    pub fn is_present_key(&self, state: &State, text: &Secret<String>) -> Result<bool, KeyError> {
        state.seal.as_ref().map_or(Ok(false), |seal| self.0.keyring.is_key_of(seal, text))
    }
}

impl Inner {
    fn rekey(&self, _lock: &FileLock, new: &NewKey) -> Result<Rekeyed, UpdateError<Infallible>> {
        let Some(Present { state: before, text }) = self.read_locked()? else { return Err(UpdateError::NoFile) };
        let mut after = State::clone(&before);
        if after.store_id.is_empty() {
            after.store_id = self.random_id()?;
        }
        // Also with no secret in the file: who has not its key may not change the key.
        let old =
            before.seal.as_ref().map(|seal| self.keyring.source(seal).map(|source| (seal, source))).transpose()?;
        let secrets = sealing::unseal(&mut after, &self.keyring)?;
        if secrets == 0 && old.is_none() {
            return Ok(Rekeyed::default());
        }
        let replacement = self.keyring.replacement(new)?;
        let key_id = replacement.seal.key_id.clone();
        after.seal = Some(replacement.seal.clone());
        after.revision = self.next_revision(&before);
        sealing::seal_with(&mut after, &replacement.key)?;

        self.clean_up_after_killed(&before)?;
        if replacement.has_file() {
            self.note_begun(&key_id)?;
            self.keyring.keep(&replacement)?;
        }
        let unsealed = is_first_sealing(&before, &after).then(|| (text.bytes(), self.clock.now()));
        // When this fails the new state may be in place all the same, so its key stays until the next time.
        self.commit(&after, &text, Before::Present, unsealed, || {})?;

        let accounts = after.accounts.iter().filter(|account| account.has_secret()).count();
        let mut rekeyed = Rekeyed { secrets, accounts, ..Rekeyed::default() };
        // The state before is sealed under the old key, which may be known to others.
        if let Err(error) = replace::keep_previous(&self.places(), Before::Present) {
            rekeyed.warnings.push(format!(
                "`{}` is still sealed under the old key: {error}; the next change replaces it",
                self.places().previous.display()
            ));
        }
        // So are the tokens that are noted beside the file.
        rotations::forget_all(&self.places());
        let in_key_file = |source: &KeySource| *source == KeySource::KeyFile;
        let old_key_id = old.filter(|(_, source)| in_key_file(source)).map(|(seal, _)| seal.key_id.as_str());
        match self.keyring.adopt(&replacement, old_key_id) {
            Ok(earlier) => {
                rekeyed.key_file = replacement.has_file().then(|| self.keyring.key_file());
                rekeyed.earlier_key_file = earlier;
            }
            Err(error) => rekeyed.warnings.push(format!(
                "the new key is in `{}` and not in the key file: {}",
                self.keyring.file_of(&key_id).display(),
                error.with_hint()
            )),
        }
        let _ = files::remove(&self.places().rekey);
        Ok(rekeyed)
    }

    /// Notes which key is about to be made, so that it can be distinguished from those that something is sealed with.
    fn note_begun(&self, key_id: &str) -> Result<(), StoreError> {
        files::write_new(&self.places().rekey, key_id.as_bytes())
            .and_then(|()| files::sync_folder(&self.places().folder))
            .map_err(StoreError::io("write", &self.places().rekey))
    }

    /// Takes away what a time left that was killed: the key too, when nothing was sealed with it yet.
    fn clean_up_after_killed(&self, state: &State) -> Result<(), StoreError> {
        let failed = |error| StoreError::io("clean up", &self.places().rekey)(error);
        let Some(noted) = files::read_if_there(&self.places().rekey, MAX_FILE_BYTES).map_err(failed)? else {
            return Ok(());
        };
        if let Ok(noted) = std::str::from_utf8(&noted) {
            let is_sealed = state.seal.as_ref().is_some_and(|seal| seal.key_id == noted);
            self.keyring.clean_up(noted, is_sealed);
            if !is_sealed {
                seal_copy::forget(&self.places(), noted);
            }
        }
        files::remove(&self.places().rekey).map_err(failed)
    }
}
