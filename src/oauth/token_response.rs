//! The tokens in an answer of the issuer. What was sent is used up by then, so that nothing is a reason to throw a token away
//! that came whole: not what stands beside it, and not how the answer ends.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::Tokens;
use crate::domain::lenient_json;
use crate::secrets::{Secret, is_word};

/// What is read of an answer. What has the right shape is taken.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenFields {
    access_token: Value,
    refresh_token: Value,
    id_token: Value,
    expires_in: Value,
}

/// The tokens in `body`, or in what came of it. `None` when there is neither one for the backend nor one for the next
/// refresh.
pub(super) fn tokens(body: &[u8]) -> Option<Tokens> {
    let fields: Option<TokenFields> =
        lenient_json::parse(body).ok().and_then(|value| serde_json::from_value(value).ok());
    fields.and_then(|fields| read(&fields)).or_else(|| read(&found(body)))
}

fn read(fields: &TokenFields) -> Option<Tokens> {
    let (access_token, refresh_token) = (token(&fields.access_token), token(&fields.refresh_token));
    if access_token.is_none() && refresh_token.is_none() {
        return None;
    }
    Some(Tokens {
        access_token,
        refresh_token,
        id_token: token(&fields.id_token),
        expires_in: seconds(&fields.expires_in),
    })
}

/// What stands in a text that is no such object as a whole: it is cut off, or something stands around it.
fn found(body: &[u8]) -> TokenFields {
    let field = |name: &str| string_of(body, name).map_or(Value::Null, Value::from);
    TokenFields {
        access_token: field("access_token"),
        refresh_token: field("refresh_token"),
        id_token: field("id_token"),
        expires_in: Value::Null,
    }
}

/// The first text that a field of this name has and that is whole.
fn string_of(body: &[u8], name: &str) -> Option<String> {
    let name = format!("\"{name}\"");
    memchr::memmem::find_iter(body, name.as_bytes()).find_map(|at| {
        let rest = body[at + name.len()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        // No token has a quote in it.
        let end = memchr::memchr(b'"', rest.strip_prefix(b"\"")?)?;
        lenient_json::text(&rest[..end + 2]).filter(|text| is_word(text))
    })
}

/// `value` as a token.
fn token(value: &Value) -> Option<Secret<String>> {
    value.as_str().filter(|text| is_word(text)).map(|token| Secret::new(token.to_owned()))
}

/// `value` as a number of seconds, which some write as a text.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(rest: &Value) -> Option<Tokens> {
        let mut document = json!({"access_token": "a", "refresh_token": "r", "id_token": "i", "expires_in": 3600});
        document.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        tokens(document.to_string().as_bytes())
    }

    fn text(token: Option<Secret<String>>) -> Option<String> {
        token.map(|token| token.expose().clone())
    }

    #[test]
    fn what_stands_beside_a_token_is_no_reason_to_throw_the_token_away() {
        let hour = Some(Duration::from_secs(3600));
        for (given, expected) in [(json!(3600), hour), (json!("3600"), hour), (json!(null), None), (json!(-1), None)] {
            let answer = answer(&json!({"expires_in": given, "id_token": {}, "scope": 5})).unwrap();
            assert_eq!(answer.expires_in, expected, "{given}");
            assert_eq!((answer.id_token.is_none(), text(answer.refresh_token).as_deref()), (true, Some("r")));
        }
        assert!(answer(&json!({"refresh_token": 5})).unwrap().refresh_token.is_none());
        assert!(answer(&json!({"refresh_token": ""})).unwrap().refresh_token.is_none());
        assert!(answer(&json!({"access_token": null})).unwrap().access_token.is_none());
        assert!(answer(&json!({"access_token": "a\nb", "refresh_token": null})).is_none());
    }

    #[test]
    fn a_complete_token_is_kept_however_its_response_ends() {
        let whole = r#""access_token":"a","refresh_token" : "r""#;
        let deep = format!("{{{whole},\"x\":{}{}}}", "[".repeat(300), "]".repeat(300));
        let (both, access, next) = ((Some("a"), Some("r")), (Some("a"), None), (None, Some("r")));
        for (body, expected) in [
            (format!("{{{whole}"), both),
            (format!("{{{whole},\"id_token\":\"cut"), both),
            (format!("\u{feff}{{{whole}}}"), both),
            (format!("{{{whole}}}\n<!-- by a proxy -->"), both),
            (format!("{{\"data\":{{{whole}}}}}"), both),
            (format!("[{{{whole}}}]"), both),
            (format!("{{{whole},\"name\":\"cut \\ud83d\",\"at\":NaN}}"), both),
            (format!("{{{whole},\"refresh_token\":\"r\"}}"), both),
            (deep, both),
            (r#"{"access_token":"a","refresh_token":"r"#.to_owned(), access),
            (r#"{"access_token":5,"refresh_token":"r","id_token""#.to_owned(), next),
            (r#"{"refresh_token":"r\u002"#.to_owned(), (None, None)),
            (r#"{"access_token":"","refresh_token":null"#.to_owned(), (None, None)),
            (r#"{"error":"refresh_token"}"#.to_owned(), (None, None)),
            ("<html>access_token</html>".to_owned(), (None, None)),
            (String::new(), (None, None)),
        ] {
            let read = tokens(body.as_bytes());
            let read = read.map(|tokens| (text(tokens.access_token), text(tokens.refresh_token))).unwrap_or_default();
            assert_eq!((read.0.as_deref(), read.1.as_deref()), expected, "{body}");
        }
    }
}
