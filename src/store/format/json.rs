//! From bytes to a state and back.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Value};

use super::account::{Entry, StoredAccount};
use super::fields::{Extra, Field, put, put_extra, take, take_always};
use super::state::{State, VERSION};
use super::{account, migrate};
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
        let bytes = &*text_encoding::utf8(bytes);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(FormatError::Empty);
        }
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| FormatError::NotJson { line: error.line(), column: error.column() })?;
        let Value::Object(mut file) = value else { return Err(FormatError::NotAccounts("it is not a JSON object")) };
        let version = match file.get("version").and_then(Value::as_f64) {
            Some(_) => take(&mut file, "version").unwrap_or_default(),
            None => return Err(FormatError::NotAccounts("it has no `version` number")),
        };
        match version {
            0 => return Err(FormatError::NotAccounts("its `version` is not known")),
            1..=3 => {}
            newer => return Err(FormatError::Newer(newer)),
        }
        let Some(Value::Array(entries)) = file.shift_remove("accounts") else {
            return Err(FormatError::NotAccounts("it has no list of `accounts`"));
        };
        let mut accounts = Vec::with_capacity(entries.len());
        for entry in entries {
            let Value::Object(entry) = entry else {
                return Err(FormatError::NotAccounts("an entry of `accounts` is not an object"));
            };
            accounts.push(account::read(entry));
        }
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

    /// The bytes of the file: two-space indentation and a newline at the end. A secret that was not sealed yet is
    /// written as `****`: it must not reach a disk by any path but the sealing one.
    pub fn to_json(&self) -> Vec<u8> {
        let mut file = Map::new();
        put(&mut file, "activeIndex", Some(&self.active_index));
        put(&mut file, "activeIndexByFamily", Some(&self.active_index_by_family));
        put(&mut file, "storeId", Some(&self.store_id).filter(|id| !id.is_empty()));
        put(&mut file, "revision", Some(&self.revision));
        put(&mut file, "pin", self.pin.as_ref());
        if !self.sessions.is_empty() {
            put(&mut file, "sessions", Some(&self.sessions));
        }
        if let Some(block) = self.seal.as_ref().and_then(|seal| serde_json::to_value(seal).ok()) {
            file.insert("seal".to_owned(), block);
        }
        put_extra(&mut file, &self.extra);
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"  "));
        let file = File { accounts: &self.accounts, others: &file };
        file.serialize(&mut serializer).expect("a JSON value has text keys and fits in memory");
        bytes.push(b'\n');
        bytes
    }
}

/// The file as it is written.
struct File<'s> {
    accounts: &'s [StoredAccount],
    others: &'s Map<String, Value>,
}

impl Serialize for File<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut file = serializer.serialize_map(None)?;
        file.serialize_entry("version", &VERSION)?;
        file.serialize_entry("accounts", &Entries(self.accounts))?;
        for (name, value) in self.others.iter().filter(|(name, _)| *name != "version" && *name != "accounts") {
            file.serialize_entry(name, value)?;
        }
        file.end()
    }
}

struct Entries<'s>(&'s [StoredAccount]);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Entry))
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
