//! From a state to bytes.

use std::io;

use serde::Serialize;
use serde_json::Map;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::entry::Entry;
use super::fields::{put, put_extra};
use super::state::{State, VERSION};
use super::text::FileText;

impl State {
    /// The bytes of the file: two-space indentation and a newline at the end. A secret that was not sealed yet is
    /// written as `****`: it must not reach a disk by any path but the sealing one.
    pub fn to_json(&self) -> Vec<u8> {
        self.to_json_after(&FileText::default())
    }

    /// The same where `before` has most of the accounts as they are, and how they are written.
    pub(in crate::store) fn to_json_after(&self, before: &FileText) -> Vec<u8> {
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
        let mut bytes = format!("{{\n  \"version\": {VERSION},\n  \"accounts\": [").into_bytes();
        let (mut separator, mut next) = (&b"\n    "[..], 0);
        for account in &self.accounts {
            bytes.extend(std::mem::replace(&mut separator, b",\n    "));
            match before.written(account, &mut next) {
                Some(text) => bytes.extend(text),
                None => write(&mut bytes, &Entry(account), 2),
            }
        }
        bytes.extend(if self.accounts.is_empty() { &b"]"[..] } else { b"\n  ]" });
        for (name, value) in file.iter().filter(|(name, _)| *name != "version" && *name != "accounts") {
            bytes.extend(b",\n  ");
            write(&mut bytes, name, 1);
            bytes.extend(b": ");
            write(&mut bytes, value, 1);
        }
        bytes.extend(b"\n}\n");
        bytes
    }
}

/// Writes a value that stands in so many others.
fn write(bytes: &mut Vec<u8>, value: &impl Serialize, depth: usize) {
    let mut formatter = PrettyFormatter::with_indent(b"  ");
    for _ in 0..depth {
        formatter.begin_object(&mut io::sink()).expect("a sink takes all");
    }
    let mut serializer = serde_json::Serializer::with_formatter(bytes, formatter);
    value.serialize(&mut serializer).expect("a JSON value has text keys and fits in memory");
}
