//! An upstream that repeats the credential it was sent, in a header or an error: the client, whose model may read the
//! answer, gets `****` in its place.

use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderValue};
use memchr::memmem;

use crate::upstream::chatgpt::Answered;

/// What stands in its place.
const HIDDEN: &[u8] = b"****";

/// Something shorter is no real credential, and too likely a part of other words.
const SHORTEST: usize = 8;

/// What a backend answered to a question, which may repeat the token that it was asked with. `None` when nothing is left of
/// it that can be read.
pub fn answered_without(answered: Answered, secret: &str) -> Option<Answered> {
    let Answered { etag, body } = answered;
    let etag = etag.filter(|etag| without(etag.as_bytes(), secret).is_none());
    match without(body.to_string().as_bytes(), secret) {
        None => Some(Answered { etag, body }),
        Some(hidden) => Some(Answered { etag, body: serde_json::from_slice(&hidden).ok()? }),
    }
}

/// Hides `secret` in the values of `headers`.
pub fn hide_in_headers(headers: &mut HeaderMap, secret: &str) {
    for value in headers.values_mut() {
        if let Some(hidden) = without(value.as_bytes(), secret)
            && let Ok(hidden) = HeaderValue::from_bytes(&hidden)
        {
            *value = hidden;
        }
    }
}

/// `bytes` without `secret`. `None` when it is not in them.
pub fn without(bytes: &[u8], secret: &str) -> Option<Bytes> {
    if secret.len() < SHORTEST || bytes.len() < secret.len() {
        return None;
    }
    let mut hidden = Vec::new();
    let mut rest = bytes;
    while let Some(at) = memmem::find(rest, secret.as_bytes()) {
        hidden.extend_from_slice(&rest[..at]);
        hidden.extend_from_slice(HIDDEN);
        rest = &rest[at + secret.len()..];
    }
    if rest.len() == bytes.len() {
        return None;
    }
    hidden.extend_from_slice(rest);
    Some(hidden.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_value_is_hidden_wherever_it_stands() {
        let secret = "sk-0123456789";
        for (text, expected) in [
            ("Incorrect API key provided: sk-0123456789.", Some("Incorrect API key provided: ****.")),
            ("sk-0123456789sk-0123456789", Some("********")),
            ("sk-012345678", None),
            ("", None),
        ] {
            assert_eq!(without(text.as_bytes(), secret).as_deref(), expected.map(str::as_bytes), "{text}");
        }
        assert_eq!(without(b"a task-a", "sk-a"), None);
        let mut headers = HeaderMap::new();
        headers.insert("x-key", HeaderValue::from_static("Bearer sk-0123456789"));
        headers.append("x-key", HeaderValue::from_static("plain"));
        hide_in_headers(&mut headers, secret);
        assert_eq!(headers.get_all("x-key").iter().collect::<Vec<_>>(), ["Bearer ****", "plain"]);
    }
}
