//! Taking accounts in from a file of another place or another program: read, merged by identity, written in one step.

mod auth_files;
mod foreign;
mod merge;

use serde_json::Value;

use super::Manager;
use crate::error::{Error, ErrorKind};
use crate::secrets::Secret;
use crate::store::{Creation, FormatError, Preview, SecretField, State, Store, StoredAccount, StoredKind, Transaction};

/// Whose file accounts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An accounts file, ours or another tool's.
    Accounts,
    /// Codex's `auth.json`.
    Codex,
    /// OpenCode's `auth.json`.
    OpenCode,
}

impl Origin {
    /// What the file is called.
    pub fn file(self) -> &'static str {
        match self {
            Origin::Accounts => "an accounts file",
            Origin::Codex => "Codex's `auth.json`",
            Origin::OpenCode => "OpenCode's `auth.json`",
        }
    }
}

/// An account on its way in, its secrets open.
#[derive(Clone, Debug)]
pub struct Incoming {
    account: StoredAccount,
    origin: Origin,
}

/// An account that cannot be taken in.
#[derive(Clone, Debug)]
pub struct Refused {
    /// What it is called in its file.
    pub name: String,
    /// Why, and what to do.
    pub why: String,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Reading {
    /// What can be taken in.
    pub incoming: Vec<Incoming>,
    /// What cannot.
    pub refused: Vec<Refused>,
}

/// What became of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Added,
    /// It was there with a login that was older or did not work any more.
    Renewed,
    /// It was there and stays as it is; why.
    Skipped(&'static str),
}

/// An account that was taken in or was there already.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Its id in our file.
    pub id: String,
    /// Its number, 1-based.
    pub index: usize,
    /// What people call it.
    pub label: String,
    /// Whether it is a ChatGPT login, whose refresh token is in our file and where it came from.
    pub shares_login: bool,
    /// Where it came from.
    pub origin: Origin,
    /// What became of it.
    pub outcome: Outcome,
}

impl Manager {
    /// Reads a file that accounts are to be taken from; `expected` bounds what it may be, unless it is empty. Writes
    /// nothing.
    ///
    /// # Errors
    ///
    /// `StoreUnreadable` for a file of another shape, `Locked` when it is sealed and its key is not at hand.
    pub fn read_import(&self, bytes: &[u8], expected: &[Origin]) -> Result<Reading, Error> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let origin = recognise(bytes)?;
        if !expected.is_empty() && !expected.contains(&origin) {
            return Err(unusable(format!("it is {}, and not what was asked for", origin.file()))
                .hint("leave `--codex` and `--opencode` out to have it recognised"));
        }
        match origin {
            Origin::Accounts => foreign::read(&self.store, &self.store.read_foreign(bytes).map_err(format_error)?),
            Origin::Codex => auth_files::codex(&object(bytes)?),
            Origin::OpenCode => auth_files::opencode(&object(bytes)?),
        }
    }

    /// Takes accounts in, all in one step.
    ///
    /// # Errors
    ///
    /// `Locked` when a secret cannot be sealed, `StoreBusy`, `StoreUnreadable`
    pub async fn import(&self, incoming: Vec<Incoming>) -> Result<Vec<Imported>, Error> {
        let store = self.store.clone();
        self.commit(Creation::Allowed, move |transaction| Ok(merge_into(&store, transaction, incoming))).await
    }

    /// What [`Manager::import`] would do. Writes and makes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Manager::import`]
    pub fn preview_import(&self, incoming: Vec<Incoming>) -> Result<Preview<Vec<Imported>>, Error> {
        self.store.preview(|transaction| Ok::<_, Error>(merge_into(&self.store, transaction, incoming)))
    }
}

fn merge_into(store: &Store, transaction: &mut Transaction<'_>, incoming: Vec<Incoming>) -> Vec<Imported> {
    let opened = transaction.state.accounts.iter().map(|account| present_secret(store, &transaction.state, account));
    let opened = opened.collect();
    let now = transaction.now();
    merge::merge(&mut transaction.state, opened, incoming, now)
}

/// What an account that is here is used with; `None` when there is nothing or it does not open.
fn present_secret(store: &Store, state: &State, account: &StoredAccount) -> Option<Secret<String>> {
    store.open_secret(state, account, main_secret(account)).ok().flatten()
}

/// The secret without which an account is nothing.
fn main_secret(account: &StoredAccount) -> SecretField {
    match account.kind() {
        StoredKind::ApiKey => SecretField::ApiKey,
        StoredKind::ChatGpt => SecretField::RefreshToken,
    }
}

/// Which file this is, by its shape.
fn recognise(bytes: &[u8]) -> Result<Origin, Error> {
    let object = object(bytes)?;
    let has_entries = |names: &[&str]| names.iter().any(|name| object.contains_key(*name));
    let is_entry = |value: &Value| value.get("type").is_some_and(Value::is_string);
    if has_entries(&["accounts", "version"]) {
        Ok(Origin::Accounts)
    } else if has_entries(&["tokens", "OPENAI_API_KEY", "auth_mode"]) {
        Ok(Origin::Codex)
    } else if !object.is_empty() && object.values().all(is_entry) {
        Ok(Origin::OpenCode)
    } else {
        Err(unusable("it has the shape of none of the files that accounts are taken from"))
    }
}

fn object(bytes: &[u8]) -> Result<serde_json::Map<String, Value>, Error> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(format_error(FormatError::Empty));
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(format_error(FormatError::NotAccounts("it is not a JSON object"))),
        Err(error) => Err(format_error(FormatError::NotJson { line: error.line(), column: error.column() })),
    }
}

fn format_error(error: FormatError) -> Error {
    match error {
        FormatError::Newer(version) => Error::new(
            ErrorKind::StoreUnreadable,
            format!("its version is {version}, and this program reads versions 1 to 3"),
        )
        .hint("update codex-account-manager"),
        other => unusable(other.to_string()),
    }
}

/// The caller says which file it is.
fn unusable(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::StoreUnreadable, why)
        .hint("give an accounts file of version 1 to 3, or the `auth.json` of Codex or OpenCode")
}
