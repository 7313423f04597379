//! Which file this is, by its shape.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::auth_files::{CODEX_MEMBERS, is_opencode_entry};
use super::{Origin, format_error, unusable};
use crate::error::Error;
use crate::store::FormatError;

/// The bytes as UTF-8 without a byte order mark. A redirection of Windows' older shell writes UTF-16.
pub(super) fn utf8(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let decoded = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Zeroizing<Vec<u16>> =
            Zeroizing::new(rest.chunks_exact(2).map(|two| unit([two[0], two[1]])).collect());
        String::from_utf16_lossy(&units).into_bytes()
    };
    Zeroizing::new(match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => rest.to_vec(),
        [0xff, 0xfe, rest @ ..] => decoded(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => decoded(rest, u16::from_be_bytes),
        _ => bytes.to_vec(),
    })
}

/// What the file is; one that tells nothing of it is the only one that is `expected`.
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
            let told = recognise(file.as_object().unwrap(), &[OpenCode]);
            let fits = expected.is_none_or(|origin| origin == OpenCode);
            assert_eq!(told.is_ok(), fits, "{file}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_ignored_and_utf_16_is_read() {
        let text = r#"{"a":"é"}"#;
        let units = |unit: fn(u16) -> [u8; 2], mark: [u8; 2]| -> Vec<u8> {
            mark.into_iter().chain(text.encode_utf16().flat_map(unit)).collect()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            units(u16::to_le_bytes, [0xff, 0xfe]),
            units(u16::to_be_bytes, [0xfe, 0xff]),
        ] {
            assert_eq!(utf8(&bytes).as_slice(), text.as_bytes());
        }
    }
}
