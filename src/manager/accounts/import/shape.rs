//! Which file this is, by its shape.

use serde_json::{Map, Value};

use super::auth_files::{CODEX_MEMBERS, is_opencode_entry};
use super::{Origin, format_error, unusable};
use crate::error::Error;
use crate::store::FormatError;

/// What the file is; one that does not show it is the only one that is `expected`.
///
/// # Errors
///
/// `StoreUnreadable` for another file than those that are expected, unless none is named, and for one of no shape that is
/// known.
pub(super) fn recognise(object: &Map<String, Value>, expected: &[Origin]) -> Result<Origin, Error> {
    match (of(object), expected) {
        (Some(origin), []) => Ok(origin),
        (Some(origin), expected) if expected.contains(&origin) => Ok(origin),
        (Some(origin), _) => Err(unusable(format!("it is {}, not what you asked for", origin.file()))
            .hint("leave out `--codex` and `--opencode`: its kind is then recognised")),
        (None, [only]) => Ok(*only),
        (None, _) if object.is_empty() => Err(unusable("it is empty: it holds no account")),
        (None, _) => Err(unusable("it has the shape of none of the files that accounts are taken from")),
    }
}

fn of(object: &Map<String, Value>) -> Option<Origin> {
    // Nothing keeps a provider from having one of these names.
    let has = |name: &str| object.get(name).is_some_and(|value| !is_opencode_entry(name, value));
    if has("accounts") {
        Some(Origin::Accounts)
    } else if CODEX_MEMBERS.into_iter().any(has) {
        Some(Origin::Codex)
    } else if object.iter().any(|(name, value)| is_opencode_entry(name, value)) {
        Some(Origin::OpenCode)
    } else {
        object.contains_key("version").then_some(Origin::Accounts)
    }
}

/// The JSON object that the text is.
///
/// # Errors
///
/// `StoreUnreadable` says what else it is.
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, Error> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(format_error(FormatError::Empty));
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(format_error(FormatError::NotAccounts("it is not a JSON object"))),
        Err(error) => Err(format_error(FormatError::NotJson { line: error.line(), column: error.column() })),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_known_by_what_it_has() {
        use Origin::{Accounts, Codex, OpenCode};
        let entry = json!({ "type": "api", "key": "x" });
        for (file, expected) in [
            (json!({ "version": 3, "accounts": [] }), Some(Accounts)),
            (json!({ "accounts": null }), Some(Accounts)),
            (json!({ "version": 9 }), Some(Accounts)),
            (json!({ "OPENAI_API_KEY": null }), Some(Codex)),
            (json!({ "personal_access_token": "x" }), Some(Codex)),
            (json!({ "agent_identity": "x" }), Some(Codex)),
            (json!({ "openai": entry }), Some(OpenCode)),
            (json!({ "openai": { "v2": {} } }), Some(OpenCode)),
            (json!({ "openai": null, "groq": "x" }), Some(OpenCode)),
            (json!({ "version": 2, "groq": entry, "$schema": "x" }), Some(OpenCode)),
            (json!({ "accounts": entry, "tokens": entry }), Some(OpenCode)),
            (json!({ "groq": "x" }), None),
            (json!({}), None),
        ] {
            assert_eq!(of(file.as_object().unwrap()), expected, "{file}");
            let recognised = recognise(file.as_object().unwrap(), &[OpenCode]);
            let fits = expected.is_none_or(|origin| origin == OpenCode);
            assert_eq!(recognised.is_ok(), fits, "{file}");
        }
    }
}
