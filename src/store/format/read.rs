//! From bytes to a state.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::account::StoredAccount;
use super::fields::{Extra, Field, take, take_always};
use super::migrate;
use super::shared::SharedAccount;
use super::state::{State, VERSION};
use crate::domain::text_encoding;
use crate::secrets::master_key::SealBlock;

/// Why bytes are not an accounts file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// No bytes, or only white space.
    #[error("it is empty")]
    Empty,
    /// Not JSON.
    #[error("it is not JSON (line {line}, column {column})")]
    NotJson {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
    /// JSON, but no accounts file.
    #[error("{0}")]
    NotAccounts(&'static str),
    /// Of a version after ours.
    #[error("its version is {0}")]
    Newer(u64),
}

impl State {
    /// Reads a file of version 1, 2 or 3; the result has version 3. Accounts without an id get one that is the same
    /// on every read.
    ///
    /// # Errors
    ///
    /// [`FormatError`], which repeats no part of the content.
    pub fn from_json(bytes: &[u8]) -> Result<State, FormatError> {
        File::read(bytes)?.into_state()
    }
}

/// The file as it is read: the accounts as they go, because there may be thousands, and the rest.
pub(super) struct File {
    accounts: Option<Vec<SharedAccount>>,
    others: Map<String, Value>,
}

impl File {
    pub(super) fn read(bytes: &[u8]) -> Result<File, FormatError> {
        let bytes = &*text_encoding::utf8(bytes);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(FormatError::Empty);
        }
        serde_json::from_slice(bytes).or_else(|_| File::read_slowly(bytes))
    }

    /// What does not read as a file at once, with the reason why.
    fn read_slowly(bytes: &[u8]) -> Result<File, FormatError> {
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| FormatError::NotJson { line: error.line(), column: error.column() })?;
        let Value::Object(others) = &value else { return Err(FormatError::NotAccounts("it is not a JSON object")) };
        version(others)?;
        let Some(Value::Array(entries)) = others.get("accounts") else { return Err(NO_LIST) };
        if !entries.iter().all(Value::is_object) {
            return Err(FormatError::NotAccounts("an entry of `accounts` is not an object"));
        }
        // Of a member that is there twice the later counts, and the former may be anything.
        serde_json::from_value(value).map_err(|_| NO_LIST)
    }

    /// The accounts as they stand in the file.
    pub(super) fn accounts(&self) -> Vec<SharedAccount> {
        self.accounts.clone().unwrap_or_default()
    }

    /// Puts others in their place.
    pub(super) fn replace_accounts(&mut self, accounts: Vec<SharedAccount>) -> Vec<SharedAccount> {
        self.accounts.replace(accounts).unwrap_or_default()
    }

    pub(super) fn into_state(self) -> Result<State, FormatError> {
        let File { accounts, others: mut file } = self;
        let version = version(&file)?;
        file.shift_remove("version");
        let accounts = accounts.ok_or(NO_LIST)?;
        let active_index = take_always(&mut file, "activeIndex");
        let mut state = State {
            version: VERSION,
            store_id: take(&mut file, "storeId").unwrap_or_default(),
            revision: take_always(&mut file, "revision"),
            accounts,
            active_index,
            active_index_by_family: file
                .shift_remove("activeIndexByFamily")
                .and_then(|indices| Field::read(&indices))
                .unwrap_or_else(|| migrate::active_index_by_family(active_index)),
            pin: take(&mut file, "pin"),
            sessions: take(&mut file, "sessions").unwrap_or_default(),
            seal: seal_block(&mut file)?,
            extra: Extra::left(file),
        };
        if version == 1 {
            migrate::spread_reset_time(&mut state.accounts);
        }
        migrate::give_ids(&mut state.accounts);
        Ok(state)
    }
}

const NO_LIST: FormatError = FormatError::NotAccounts("it has no list of `accounts`");

/// The version of a file, where it is known.
fn version(file: &Map<String, Value>) -> Result<u64, FormatError> {
    let number = file.get("version").filter(|version| version.as_f64().is_some());
    let number = number.ok_or(FormatError::NotAccounts("it has no `version` number"))?;
    match u64::read(number).unwrap_or_default() {
        0 => Err(FormatError::NotAccounts("its `version` is not known")),
        known @ 1..=3 => Ok(known),
        newer => Err(FormatError::Newer(newer)),
    }
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<File, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = File;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an accounts file")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<File, A::Error> {
        let mut file = File { accounts: None, others: Map::new() };
        while let Some(name) = members.next_key::<String>()? {
            if name == "accounts" {
                let accounts: Vec<StoredAccount> = members.next_value()?;
                file.accounts = Some(accounts.into_iter().map(SharedAccount::from).collect());
            } else {
                file.others.insert(name, members.next_value()?);
            }
        }
        Ok(file)
    }
}

/// A `seal` block that cannot be read must not pass for none: a new salt would lock every secret for good.
fn seal_block(file: &mut Map<String, Value>) -> Result<Option<SealBlock>, FormatError> {
    match file.shift_remove("seal") {
        None | Some(Value::Null) => Ok(None),
        Some(block) => serde_json::from_value(block)
            .map(Some)
            .map_err(|_| FormatError::NotAccounts("its `seal` block cannot be read")),
    }
}
