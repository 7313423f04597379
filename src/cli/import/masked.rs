//! The accounts file as it is shown: no secret in it, in no field of ours or of another tool's.

use serde_json::Value;
use similar::TextDiff;

use crate::secrets::names::{is_secret_name, looks_secret};

const MASK: &str = "****";

/// What would change in the file called `name`, as a unified diff.
pub fn difference(name: &str, before: &[u8], after: &[u8]) -> String {
    let (before, after) = (shown(before), shown(after));
    TextDiff::from_lines(&before, &after).unified_diff().header(name, &format!("{name} (after the import)")).to_string()
}

/// The file with two-space indentation and every secret masked; empty when there is none.
fn shown(bytes: &[u8]) -> String {
    match serde_json::from_slice::<Value>(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) {
        Ok(mut value) => {
            mask(&mut value, false);
            // A map's keys are text, so this cannot fail.
            serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
        }
        // Only what was read as an accounts file comes here, or nothing.
        Err(_) => String::new(),
    }
}

fn mask(value: &mut Value, is_secret: bool) {
    match value {
        Value::String(text) if is_secret || looks_secret(text) => MASK.clone_into(text),
        Value::Array(values) => values.iter_mut().for_each(|value| mask(value, is_secret)),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                mask(value, is_secret || is_secret_name(name));
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let file = json!({
            "accounts": [{ "label": "one", "apiKey": "plain", "tokens": { "a": ["deep"] }, "note": "cam1:k:v" }],
            "seal": { "keyId": "k", "check": "cam1:k:check" },
        });
        let diff = difference("f", b"", file.to_string().as_bytes());
        for part in ["plain", "deep", "cam1:"] {
            assert!(!diff.contains(part), "`{part}` in {diff}");
        }
        for part in
            ["--- f\n", "+++ f (after the import)\n", "+      \"label\": \"one\"", "+      \"apiKey\": \"****\""]
        {
            assert!(diff.contains(part), "`{part}` not in {diff}");
        }
    }

    #[test]
    fn what_stays_is_not_in_the_diff() {
        let file = json!({ "accounts": [], "revision": 1 }).to_string();
        assert_eq!(difference("f", file.as_bytes(), file.as_bytes()), "");
    }
}
