//! OpenCode's `auth.json`: an entry for each provider, of which that of OpenAI counts. Entries of other providers, of any
//! shape, are ignored, as OpenCode ignores what it does not know.

use serde_json::{Map, Value};

use super::{Found, LOG_IN_HERE, Login, object, text};
use crate::error::Error;
use crate::manager::accounts::import::{Origin, Reading};

/// The provider that counts.
const PROVIDER: &str = "openai";

/// Whether this is an entry of such a file.
pub fn is_entry(name: &str, value: &Value) -> bool {
    let is_known = matches!(text(value.get("type")), Some("oauth" | "api" | "key" | "wellknown"));
    is_known || name == PROVIDER && (value.is_object() || value.is_null())
}

/// `{ openai: { type: "oauth", refresh, access, expires, accountId } }`, or `{ type: "api", key }`
pub fn read(file: &Map<String, Value>) -> Result<Reading, Error> {
    let mut found = Found::new(Origin::OpenCode, "OpenCode");
    match file.get(PROVIDER) {
        None | Some(Value::Null) => {}
        Some(Value::Object(entry)) => take(&mut found, entry),
        Some(_) => found.refuse("entry for OpenAI", "it is not an object"),
    }
    found.reading("log in to OpenAI with `opencode auth login` first")
}

fn take(found: &mut Found, entry: &Map<String, Value>) {
    let value = |name| text(entry.get(name));
    match value("type") {
        Some("oauth") => {
            let metadata = object(entry.get("metadata"));
            let of_metadata = |name| metadata.and_then(|metadata| text(metadata.get(name)));
            found.login(&Login {
                refresh: value("refresh"),
                access: value("access"),
                id_token: None,
                account_id: value("accountId").or(of_metadata("accountId")).or(of_metadata("accountID")),
                expires_at: entry.get("expires").and_then(Value::as_i64).filter(|at| *at > 0),
            });
        }
        Some("api" | "key") => match value("key") {
            Some(key) => found.key(key, "opencode"),
            None => found.refuse("entry for OpenAI", "its `key` is missing or empty"),
        },
        Some("wellknown") => {
            let why = format!("it is a login at a server of one's own, not at OpenAI; {LOG_IN_HERE}");
            found.refuse("entry for OpenAI", &why);
        }
        Some(other) => {
            let kind: String = other.chars().take(40).collect();
            found.refuse("entry for OpenAI", &format!("its type `{kind}` is not known here; {LOG_IN_HERE}"));
        }
        None => found.refuse("entry for OpenAI", &format!("it has no `type`; {LOG_IN_HERE}")),
    }
}
