//! The whole file as a value.

use std::collections::BTreeMap;

use super::account::{SecretField, StoredAccount, StoredSecret};
use super::fields::Extra;
use super::session::{Pin, SessionRecord};
use super::shared::SharedAccount;
use crate::secrets::master_key::SealBlock;

/// No accounts file is larger; what is, is not one.
pub(in crate::store) const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The version that is written.
pub const VERSION: u32 = 3;

/// The families every accounts file has an active index for, as models are matched against them.
pub const FAMILIES: [&str; 5] = ["gpt-5.2-codex", "codex-max", "codex", "gpt-5.2", "gpt-5.1"];

/// The whole accounts file at one revision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Always [`VERSION`]; older files are migrated as they are read.
    pub version: u32,
    /// Random, made with the file; empty until our first write to another tool's file.
    pub store_id: String,
    /// Grows by one with every write.
    pub revision: u64,
    /// In the file's order.
    pub accounts: Vec<SharedAccount>,
    /// 0-based; may be out of range.
    pub active_index: i64,
    /// 0-based per family; may be out of range.
    pub active_index_by_family: BTreeMap<String, i64>,
    /// The switch by hand that every session follows.
    pub pin: Option<Pin>,
    /// The processes that run now, and those that died since the last write.
    pub sessions: Vec<SessionRecord>,
    /// How the secrets are sealed; `None` until there is one to seal.
    pub seal: Option<SealBlock>,
    /// Fields this version does not know.
    pub extra: Extra,
}

impl State {
    /// An accounts file with no accounts yet.
    pub fn new(store_id: impl Into<String>) -> State {
        State {
            version: VERSION,
            store_id: store_id.into(),
            active_index_by_family: FAMILIES.iter().map(|family| ((*family).to_owned(), 0)).collect(),
            ..State::default()
        }
    }

    /// The account with this id.
    pub fn account(&self, id: &str) -> Option<&StoredAccount> {
        self.accounts.iter().find(|account| account.id == id).map(|account| &**account)
    }

    /// The account with this id, to be changed.
    pub fn account_mut(&mut self, id: &str) -> Option<&mut StoredAccount> {
        self.accounts.iter_mut().find(|account| account.id == id).map(|account| &mut **account)
    }

    /// Where the account with this id stands, 0-based.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.accounts.iter().position(|account| account.id == id)
    }

    /// The session with this id.
    pub fn session(&self, id: &str) -> Option<&SessionRecord> {
        self.sessions.iter().find(|session| session.id == id)
    }

    /// The session with this id, to be changed.
    pub fn session_mut(&mut self, id: &str) -> Option<&mut SessionRecord> {
        self.sessions.iter_mut().find(|session| session.id == id)
    }

    /// Every secret in the file with its place.
    pub(in crate::store) fn secrets(&self) -> impl Iterator<Item = &StoredSecret> {
        self.accounts.iter().flat_map(|account| SecretField::ALL.into_iter().filter_map(|field| account.secret(field)))
    }
}
