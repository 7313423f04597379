//! What running processes write into the file: their record, and the pin they follow.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fields::{Extra, Field, put, put_extra, take, take_always};
use crate::domain::report::SessionKind;

/// A switch by hand with scope `everywhere`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pin {
    /// The account for every family without a pin of its own.
    pub account: Option<String>,
    /// When, unix milliseconds.
    pub at: i64,
    /// The families that were switched alone.
    pub families: BTreeMap<String, FamilyPin>,
    /// Fields this version does not know.
    pub extra: Extra,
}

/// An account that somebody switched to, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FamilyPin {
    /// The account.
    pub account: String,
    /// When, unix milliseconds.
    pub at: i64,
}

/// What a person switched one session to, and took back there. Times are unix milliseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredPins {
    /// For every family without a pin of its own.
    pub all: Option<FamilyPin>,
    /// For one family each.
    pub families: BTreeMap<String, FamilyPin>,
    /// Pins of the file that are no newer are not followed.
    pub released_at: Option<i64>,
    /// The same for one family each.
    pub released_families: BTreeMap<String, i64>,
    /// Fields this version does not know.
    pub extra: Extra,
}

/// The accounts that a session may use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredAllowed {
    /// They in a few words.
    pub name: Option<String>,
    /// Their ids.
    pub accounts: Vec<String>,
    /// What keeps the others out, such as a rule with its place.
    pub by: Vec<String>,
    /// What is wrong with those of them that leave no account until they are mended.
    pub faults: BTreeMap<String, String>,
    /// Fields this version does not know.
    pub extra: Extra,
}

/// One running process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionRecord {
    /// Random, made by the process.
    pub id: String,
    /// In its own pid namespace; it tells nothing of life or death.
    pub pid: u32,
    /// What it is.
    pub kind: SessionKind,
    /// Its proxy's port.
    pub port: u16,
    /// Unix milliseconds.
    pub started_at: i64,
    /// The account it began on.
    pub start_account: Option<String>,
    /// Whether it began elsewhere than on the active account, since it was not alone.
    pub shifted: bool,
    /// The current account by family.
    pub accounts: BTreeMap<String, String>,
    /// The program it serves.
    pub program: Option<String>,
    /// Where that program works.
    pub folder: Option<String>,
    /// What a person switched this session to.
    pub pins: StoredPins,
    /// What it may use, where that is not every account.
    pub allowed: Option<StoredAllowed>,
    /// Fields this version does not know.
    pub extra: Extra,
}

impl Field for SessionKind {
    fn read(value: &Value) -> Option<SessionKind> {
        let name = value.as_str()?;
        [SessionKind::Sidecar, SessionKind::Run, SessionKind::Proxy].into_iter().find(|kind| kind.name() == name)
    }

    fn write(&self) -> Value {
        Value::from(self.name())
    }
}

impl Field for FamilyPin {
    fn read(value: &Value) -> Option<FamilyPin> {
        let mut object = value.as_object()?.clone();
        Some(FamilyPin { account: take(&mut object, "account")?, at: take_always(&mut object, "at") })
    }

    fn write(&self) -> Value {
        let mut object = Map::new();
        put(&mut object, "account", Some(&self.account));
        put(&mut object, "at", Some(&self.at));
        Value::Object(object)
    }
}

impl Field for Pin {
    fn read(value: &Value) -> Option<Pin> {
        let mut object = value.as_object()?.clone();
        Some(Pin {
            account: take(&mut object, "account"),
            at: take_always(&mut object, "at"),
            families: take(&mut object, "families").unwrap_or_default(),
            extra: Extra::left(object),
        })
    }

    fn write(&self) -> Value {
        let mut object = Map::new();
        put(&mut object, "account", self.account.as_ref());
        put(&mut object, "at", Some(&self.at));
        if !self.families.is_empty() {
            put(&mut object, "families", Some(&self.families));
        }
        put_extra(&mut object, &self.extra);
        Value::Object(object)
    }
}

impl Field for StoredPins {
    fn read(value: &Value) -> Option<StoredPins> {
        let mut object = value.as_object()?.clone();
        Some(StoredPins {
            all: take(&mut object, "all"),
            families: take(&mut object, "families").unwrap_or_default(),
            released_at: take(&mut object, "releasedAt"),
            released_families: take(&mut object, "releasedFamilies").unwrap_or_default(),
            extra: Extra::left(object),
        })
    }

    fn write(&self) -> Value {
        let mut object = Map::new();
        put(&mut object, "all", self.all.as_ref());
        put(&mut object, "families", Some(&self.families).filter(|families| !families.is_empty()));
        put(&mut object, "releasedAt", self.released_at.as_ref());
        put(&mut object, "releasedFamilies", Some(&self.released_families).filter(|families| !families.is_empty()));
        put_extra(&mut object, &self.extra);
        Value::Object(object)
    }
}

impl Field for StoredAllowed {
    fn read(value: &Value) -> Option<StoredAllowed> {
        let mut object = value.as_object()?.clone();
        Some(StoredAllowed {
            name: take(&mut object, "name"),
            accounts: take_always(&mut object, "accounts"),
            by: take_always(&mut object, "by"),
            faults: take_always(&mut object, "faults"),
            extra: Extra::left(object),
        })
    }

    fn write(&self) -> Value {
        let mut object = Map::new();
        put(&mut object, "name", self.name.as_ref());
        put(&mut object, "accounts", Some(&self.accounts));
        put(&mut object, "by", Some(&self.by).filter(|by| !by.is_empty()));
        put(&mut object, "faults", Some(&self.faults).filter(|faults| !faults.is_empty()));
        put_extra(&mut object, &self.extra);
        Value::Object(object)
    }
}

/// A record without an id is nobody's.
impl Field for SessionRecord {
    fn read(value: &Value) -> Option<SessionRecord> {
        let mut object = value.as_object()?.clone();
        Some(SessionRecord {
            id: take(&mut object, "id")?,
            pid: take_always(&mut object, "pid"),
            kind: take_always(&mut object, "kind"),
            port: take_always(&mut object, "port"),
            started_at: take_always(&mut object, "startedAt"),
            start_account: take(&mut object, "startAccount"),
            shifted: take_always(&mut object, "shifted"),
            accounts: take_always(&mut object, "accounts"),
            program: take(&mut object, "program"),
            folder: take(&mut object, "folder"),
            pins: take(&mut object, "pins").unwrap_or_default(),
            allowed: take(&mut object, "allowed"),
            extra: Extra::left(object),
        })
    }

    fn write(&self) -> Value {
        let mut object = Map::new();
        put(&mut object, "id", Some(&self.id));
        put(&mut object, "pid", Some(&self.pid));
        put(&mut object, "kind", Some(&self.kind));
        put(&mut object, "port", Some(&self.port));
        put(&mut object, "startedAt", Some(&self.started_at));
        put(&mut object, "startAccount", self.start_account.as_ref());
        put(&mut object, "shifted", Some(&self.shifted));
        put(&mut object, "accounts", Some(&self.accounts));
        put(&mut object, "program", self.program.as_ref());
        put(&mut object, "folder", self.folder.as_ref());
        put(&mut object, "pins", Some(&self.pins).filter(|pins| **pins != StoredPins::default()));
        put(&mut object, "allowed", self.allowed.as_ref());
        put_extra(&mut object, &self.extra);
        Value::Object(object)
    }
}

impl Field for Vec<SessionRecord> {
    fn read(value: &Value) -> Option<Vec<SessionRecord>> {
        Some(value.as_array()?.iter().filter_map(SessionRecord::read).collect())
    }

    fn write(&self) -> Value {
        Value::Array(self.iter().map(SessionRecord::write).collect())
    }
}
