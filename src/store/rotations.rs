//! The newest tokens of each login, beside the accounts file. They are here before the accounts file is written, so that a
//! process that is killed in between loses nothing; and they tell which refresh tokens are used up, so that an older copy of
//! the accounts file, which a program that synchronises files put back, costs no login.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ring::digest;
use serde_json::Value;

use super::error::StoreError;
use super::format::{MAX_FILE_BYTES, SecretField, SharedAccount, State, StoredAccount, VERSION};
use super::replace::Places;
use super::{Store, lock, sealing};
use crate::domain::account::Kind;
use crate::files;
use crate::secrets::Secret;
use crate::secrets::master_key::KeyError;

const KIND: &str = "rotated";

/// The end of the name of a record.
const WHOLE: &str = ".json";

/// The end of the name of one that is being written.
const UNFINISHED: &str = ".next";

/// The field of a record with the marks of the tokens that are used up, the newest first.
const USED: &str = "used";

/// So many are kept for each login: copies of the accounts file that are older are no longer recognised.
const MOST: usize = 128;

/// Tokens that replaced others.
#[derive(Clone, Debug)]
pub struct Newest {
    /// For the next refresh.
    pub refresh_token: Secret<String>,
    /// For the backend.
    pub access_token: Option<Secret<String>>,
    /// When that ends, unix milliseconds.
    pub access_expires_at: Option<i64>,
}

/// Why a record was not written. Nothing depends on it but what a kill or an older copy would cost.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The system refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tokens could not be sealed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Store {
    /// Notes that the refresh token `used` is used up and which tokens `account` has now. `state` is the file that the
    /// account stands in. Whoever calls this has the turn to refresh: no two processes write one record.
    ///
    /// # Errors
    ///
    /// [`RecordError`]
    pub fn note_rotation(
        &self,
        state: &State,
        account: &StoredAccount,
        used: &Secret<String>,
    ) -> Result<(), RecordError> {
        let is_used_up = self.open_secret(state, account, SecretField::RefreshToken)?.is_some_and(|now| now != *used);
        // Without the block there is no key yet that the file is sealed with, and none is made for this alone.
        if state.seal.is_none() || !is_used_up {
            return Ok(());
        }
        let path = self.record_of(&account.id, WHOLE);
        let mut marks = vec![Value::from(mark(used))];
        marks.extend(read(&path).map(|record| used_up(&record).to_vec()).unwrap_or_default());
        marks.truncate(MOST);
        let mut record = State {
            version: VERSION,
            store_id: state.store_id.clone(),
            seal: state.seal.clone(),
            accounts: vec![SharedAccount::from(StoredAccount {
                id: account.id.clone(),
                kind: Some(Kind::ChatGpt),
                base_url: account.base_url.clone(),
                refresh_token: account.refresh_token.clone(),
                access_token: account.access_token.clone(),
                access_expires_at: account.access_expires_at,
                ..StoredAccount::default()
            })],
            ..State::default()
        };
        record.extra.insert(USED.to_owned(), Value::Array(marks));
        sealing::seal(&mut record, &self.0.keyring)?;
        let next = self.record_of(&account.id, UNFINISHED);
        // Not synced: this has to be quick, and a kill takes nothing from what was written. The accounts file is.
        let written = files::remove(&next)
            .and_then(|()| files::create_new(&next))
            .and_then(|mut file| file.write_all(&record.to_json()))
            .and_then(|()| files::rename(&next, &path));
        if written.is_err() {
            let _ = files::remove(&next);
        }
        Ok(written.map_err(StoreError::io("save the newest tokens in", &path))?)
    }

    /// What is noted of every account.
    pub fn rotations(&self) -> Rotations {
        let names = names(&self.folder());
        let whole = names.iter().filter(|name| name.ends_with(WHOLE));
        Rotations(whole.filter_map(|name| read(&self.folder().join(name))).collect())
    }

    /// Removes what is noted of the account `id`.
    pub fn forget_rotation(&self, id: &str) {
        let _ = files::remove(&self.record_of(id, WHOLE));
    }

    fn record_of(&self, id: &str, end: &str) -> PathBuf {
        files::with_suffix(&lock::named(&self.folder(), KIND, id), end)
    }
}

/// The records of all accounts.
#[derive(Debug)]
pub struct Rotations(Vec<State>);

impl Rotations {
    /// Whether there is none, so that nothing is known to be used up.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `refresh_token` was used up here for the account `id`.
    pub fn is_used_up(&self, id: &str, refresh_token: &Secret<String>) -> bool {
        let mark = mark(refresh_token);
        let is_own = |record: &&State| record.accounts.iter().any(|account| account.id == id);
        self.0.iter().filter(is_own).any(|record| used_up(record).iter().any(|used| used.as_str() == Some(&mark)))
    }

    /// The tokens that replaced `refresh_token`, which the account `id` has; `None` when it is not known to be used up, or when
    /// they do not open. What is noted of the account itself comes first: one that shared its token may have had another
    /// login since.
    pub fn newest(&self, store: &Store, id: &str, refresh_token: &Secret<String>) -> Option<Newest> {
        let mut unseen: Vec<&State> = self.0.iter().collect();
        let mut newest: Option<Newest> = None;
        loop {
            let mark = mark(newest.as_ref().map_or(refresh_token, |newest| &newest.refresh_token));
            let is_used = |record: &&State| used_up(record).iter().any(|used| used.as_str() == Some(&mark));
            // Each record is followed once, so that this ends whatever they say.
            let is_own = |record: &&State| record.accounts.iter().any(|account| account.id == id);
            let own = unseen.iter().position(|record| is_own(record) && is_used(record));
            let Some(at) = own.or_else(|| unseen.iter().position(is_used)) else { return newest };
            let record = unseen.swap_remove(at);
            let Some(account) = record.accounts.first() else { continue };
            let open = |field| store.open_secret(record, account, field).unwrap_or_default();
            if let Some(refresh_token) = open(SecretField::RefreshToken) {
                let access_token = open(SecretField::AccessToken);
                newest = Some(Newest { refresh_token, access_token, access_expires_at: account.access_expires_at });
            }
        }
    }
}

/// Removes what is noted of every account.
pub(super) fn forget_all(places: &Places) {
    for name in names(&places.folder) {
        let _ = files::remove(&places.folder.join(name));
    }
}

fn names(folder: &Path) -> Vec<String> {
    let names = files::names(folder).unwrap_or_default();
    names.into_iter().filter(|name| name.starts_with("rotated-")).collect()
}

fn read(path: &Path) -> Option<State> {
    let bytes: io::Result<Option<Vec<u8>>> = files::read_if_there(path, MAX_FILE_BYTES);
    State::from_json(&bytes.ok()??).ok()
}

fn used_up(record: &State) -> &[Value] {
    record.extra.get(USED).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What a refresh token is known by. It is long and random, so that its hash gives nothing of it away.
fn mark(token: &Secret<String>) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"codex-account-manager used refresh token\0");
    context.update(token.expose().as_bytes());
    let hash = context.finish();
    let first = hash.as_ref().first_chunk().expect("the hash has 32 bytes");
    // Half of it tells one token from another.
    format!("{:032x}", u128::from_be_bytes(*first))
}

#[cfg(test)]
mod tests;
