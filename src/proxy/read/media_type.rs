//! The media type of a body, as its head names it: it says whether and how the body is read.

use std::borrow::Cow;

use hyper::header::{CONTENT_TYPE, HeaderMap};

/// The media type that a `content-type` names, in lower case and without its parameters; empty where it names none.
pub fn media_type(headers: &HeaderMap) -> Cow<'_, str> {
    let full = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = full.split(';').next().unwrap_or_default().trim();
    let is_lower = !kind.bytes().any(|byte| byte.is_ascii_uppercase());
    if is_lower { Cow::Borrowed(kind) } else { Cow::Owned(kind.to_ascii_lowercase()) }
}

/// Whether a media type is one of JSON.
pub fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json")
}
