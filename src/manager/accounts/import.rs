//! Taking accounts in from a file of another place or another program: read, merged by identity, written in one step.

mod auth_files;
mod foreign;
mod merge;
mod shape;
mod taken;

use zeroize::Zeroizing;

use super::Accounts;
use super::names::logins;
use crate::domain::account::Kind;
use crate::domain::text_encoding;
use crate::error::{Error, ErrorKind};
use crate::secrets::Secret;
use crate::store::{Creation, FormatError, Preview, SecretField, State, Store, StoredAccount, Transaction};

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
    /// The numbers of the accounts whose login it may be, where it was added beside them.
    pub may_be: Vec<usize>,
}

impl Accounts {
    /// Reads a file that accounts are to be taken from; `expected` bounds what it may be, unless it is empty. Writes
    /// nothing.
    ///
    /// # Errors
    ///
    /// `StoreUnreadable` for a file of another shape, `Locked` when it is sealed and its key is not at hand.
    pub fn read_import(&self, bytes: &[u8], expected: &[Origin]) -> Result<Reading, Error> {
        let bytes = Zeroizing::new(text_encoding::utf8(bytes).into_owned());
        let object = shape::object(&bytes)?;
        match shape::recognise(&object, expected)? {
            Origin::Accounts => foreign::read(&self.store, &self.store.read_foreign(&bytes).map_err(format_error)?),
            Origin::Codex => auth_files::codex(&object),
            Origin::OpenCode => auth_files::opencode(&object),
        }
    }

    /// Takes accounts in, all in one step.
    ///
    /// # Errors
    ///
    /// `Locked` when a secret cannot be sealed, `StoreBusy`, `StoreUnreadable`
    pub async fn import(&self, incoming: Vec<Incoming>) -> Result<Vec<Imported>, Error> {
        let store = self.store.clone();
        self.commit_with_key(Creation::Allowed, move |transaction| Ok(merge_into(&store, transaction, incoming))).await
    }

    /// What [`Accounts::import`] would do. Writes and makes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Accounts::import`]
    pub fn preview_import(&self, incoming: Vec<Incoming>) -> Result<Preview<Vec<Imported>>, Error> {
        self.store.preview(|transaction| Ok::<_, Error>(merge_into(&self.store, transaction, incoming)))
    }
}

fn merge_into(store: &Store, transaction: &mut Transaction<'_>, incoming: Vec<Incoming>) -> Vec<Imported> {
    let now = transaction.now();
    let state = &mut transaction.state;
    let opened: Vec<_> = state.accounts.iter().map(|account| present_secret(store, state, account)).collect();
    let mut known = state.accounts.clone();
    for (position, login) in logins(store, state) {
        known[position] = login.into();
    }
    let ids: Vec<String> = state.accounts.iter().map(|account| account.id.clone()).collect();
    let rotations = store.rotations();
    let used_up =
        |position: usize, token: &Secret<String>| ids.get(position).is_some_and(|id| rotations.is_used_up(id, token));
    merge::merge(state, merge::Present { opened, known, used_up: &used_up }, incoming, now)
}

/// What an account that is here is used with; `None` when there is nothing or it does not open.
fn present_secret(store: &Store, state: &State, account: &StoredAccount) -> Option<Secret<String>> {
    store.open_secret(state, account, main_secret(account)).ok().flatten()
}

/// The secret without which an account is nothing.
fn main_secret(account: &StoredAccount) -> SecretField {
    match account.kind() {
        Kind::ApiKey => SecretField::ApiKey,
        Kind::ChatGpt => SecretField::RefreshToken,
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
