//! JSON as clients and upstreams really send it. What is nearly JSON is mended where its meaning is plain:
//!
//! | text | becomes | because |
//! |---|---|---|
//! | a byte order mark in front | nothing | some editors and .NET write one, and it says nothing |
//! | half a pair, `\ud83d` | `\ufffd` | an output that was cut within an emoji; JavaScript writes the half |
//! | bytes that are no UTF-8 | U+FFFD | an output that was cut within a letter |
//! | a bare newline or tab in a string | `\n`, `\t` | it can mean nothing else |
//! | a key that stands twice | the last one | as every common parser reads it |
//!
//! `NaN`, `Infinity`, comments, single quotes, a comma too many and what stands behind the value are refused: what is meant
//! is a guess.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

/// What nests deeper is refused, so that a tree of it fits on a thread's stack. No schema and no conversation does.
pub const DEEPEST: usize = 256;

/// Why a text is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It nests deeper than [`DEEPEST`].
    TooDeep,
    /// It is no JSON: why, and where.
    Malformed(String),
}

/// The value of a text.
///
/// # Errors
///
/// [`Unread`] when it is no JSON.
pub fn parse(text: &[u8]) -> Result<Value, Unread> {
    if let Ok(value) = serde_json::from_slice(text) {
        return Ok(value);
    }
    let mended = mended(text);
    if depth(&mended) > DEEPEST {
        return Err(Unread::TooDeep);
    }
    let malformed = |error: serde_json::Error| Unread::Malformed(error.to_string());
    let mut deserializer = serde_json::Deserializer::from_slice(&mended);
    // Its depth was counted.
    deserializer.disable_recursion_limit();
    let value = Value::deserialize(&mut deserializer).map_err(malformed)?;
    deserializer.end().map_err(malformed)?;
    Ok(value)
}

/// The key of an object, borrowed unless it is spelled with escapes.
#[derive(Deserialize)]
pub struct Key<'t>(#[serde(borrow)] pub Cow<'t, str>);

/// The text of a JSON string.
pub fn text(json: &[u8]) -> Option<String> {
    serde_json::from_slice(json).or_else(|_| serde_json::from_slice(&mended(json))).ok()
}

/// How deep containers nest.
fn depth(text: &[u8]) -> usize {
    let (mut deepest, mut depth, mut is_in_string, mut is_escaped) = (0_usize, 0_usize, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in_string => is_escaped = true,
            b'"' => is_in_string = !is_in_string,
            _ if is_in_string => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// `text` with what is plain mended.
fn mended(text: &[u8]) -> Vec<u8> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text: Cow<'_, str> = String::from_utf8_lossy(text);
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len() + 16);
    let (mut at, mut is_in_string) = (0, false);
    while at < bytes.len() {
        let byte = bytes[at];
        at += 1;
        match byte {
            b'"' => {
                is_in_string = !is_in_string;
                out.push(byte);
            }
            b'\\' if is_in_string => at += escape(&bytes[at..], &mut out),
            0..0x20 if is_in_string => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out
}

/// Adds the escape whose backslash stands in front of `rest`, and returns how much of `rest` it took.
fn escape(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let unit = |at: usize| {
        let digits = rest.get(at..at + 4)?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let length = match (rest.first(), unit(1)) {
        (Some(b'u'), Some(high @ 0xD800..0xE000)) => {
            let low = rest.get(5..7).filter(|next| *next == b"\\u").and_then(|_| unit(7));
            if high < 0xDC00 && matches!(low, Some(0xDC00..0xE000)) {
                11
            } else {
                out.extend_from_slice(b"\\ufffd");
                return 5;
            }
        }
        (Some(_), _) => 1,
        (None, _) => 0,
    };
    out.push(b'\\');
    out.extend_from_slice(&rest[..length]);
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_plain_is_mended() {
        for (text, expected) in [
            (&b"{\"a\":\"cut \\ud83d here\"}"[..], json!({"a": "cut \u{fffd} here"})),
            (b"\"\\ude00\\ud83d\"", json!("\u{fffd}\u{fffd}")),
            (b"\"ok \\ud83d\\ude00 cut \\ud83d\"", json!("ok \u{1F600} cut \u{fffd}")),
            (b"\"\\ud83d\\u0041\"", json!("\u{fffd}A")),
            (b"\"\\\\ud83d\"", json!("\\ud83d")),
            (b"\xef\xbb\xbf{\"a\":1}", json!({"a": 1})),
            (b"{\"a\":\"x\xf0\x9f\"}", json!({"a": "x\u{fffd}"})),
            (b"{\"a\":\"b\nc\td\x00\"}", json!({"a": "b\nc\td\u{0}"})),
            (b"{\"a\":1,\"a\":2}", json!({"a": 2})),
            (b" [1] ", json!([1])),
        ] {
            assert_eq!(parse(text).as_ref(), Ok(&expected), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(text(b"\"a\\ud83d\"").as_deref(), Some("a\u{fffd}"));
        assert_eq!(text(b"5"), None);
    }

    #[test]
    fn what_is_a_guess_is_refused_with_its_place() {
        for text in ["", "{", "{\"a\":NaN}", "[1,]", "{'a':1}", "// x\n1", "1 2", "\"\\x\"", "\"\\u12\"", "\"\\"] {
            let Err(Unread::Malformed(why)) = parse(text.as_bytes()) else { panic!("{text} is read") };
            assert!(why.contains("line 1") || why.contains("line 2"), "{text}: {why}");
        }
    }

    #[test]
    fn depth_is_read_up_to_its_bound_on_the_smallest_stack() {
        let nested = |depth: usize| format!("{}1{}", "{\"a\":[".repeat(depth / 2), "]}".repeat(depth / 2));
        // Of the smallest thread that parses.
        let parsing = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(move || {
            let value = parse(nested(DEEPEST).as_bytes()).unwrap();
            assert_eq!(value.clone().to_string(), nested(DEEPEST));
            for depth in [DEEPEST + 2, 100_000] {
                assert_eq!(parse(nested(depth).as_bytes()), Err(Unread::TooDeep));
            }
            assert_eq!(parse("[".repeat(100_000).as_bytes()), Err(Unread::TooDeep));
        });
        parsing.unwrap().join().unwrap();
    }
}
