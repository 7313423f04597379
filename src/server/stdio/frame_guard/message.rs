//! Looks at the body of a frame just far enough to know that the server behind can be given it.

use serde::de::IgnoredAny;

use super::{Event, Fault, INVALID_REQUEST, PARSE_ERROR};
use crate::secrets::Wiped;

/// The deepest nesting that is taken; the parser behind recurses, and gives up at the same depth.
const MAX_DEPTH: usize = 128;

/// The body as a frame, or what is wrong with it.
pub(super) fn checked(body: Wiped) -> Event {
    let bad = |code, reason| Event::Bad(Fault { code, reason });
    let Ok(text) = std::str::from_utf8(&body) else {
        return bad(PARSE_ERROR, "the message is not UTF-8");
    };
    if is_too_deep(&body) {
        return bad(PARSE_ERROR, "the message is nested more than 128 levels deep");
    }
    match body.iter().find(|byte| !b" \t\r\n".contains(byte)) {
        Some(b'{') => Event::Frame(body),
        Some(b'[') => bad(INVALID_REQUEST, "batches are not supported; send each request in a frame of its own"),
        Some(_) if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
            bad(INVALID_REQUEST, "the message is not a JSON object")
        }
        Some(_) | None => bad(PARSE_ERROR, "the message is not JSON"),
    }
}

/// Counts brackets outside strings, in one pass.
fn is_too_deep(body: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for &byte in body {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}
