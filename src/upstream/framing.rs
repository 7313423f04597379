//! Whether an answer's body is what hyper makes of it. It undoes chunks and nothing else, and takes the last coding for
//! all of them.

use hyper::header::{HeaderMap, HeaderValue, TRANSFER_ENCODING};

/// Why the body cannot be passed on, if it cannot.
pub fn problem(headers: &HeaderMap) -> Option<String> {
    let mut chunked = 0;
    for coding in headers.get_all(TRANSFER_ENCODING).iter().map(HeaderValue::as_bytes).flat_map(codings) {
        match coding.to_ascii_lowercase().as_slice() {
            b"chunked" => chunked += 1,
            // It is obsolete and means nothing (RFC 7230, section 4).
            b"identity" | b"" => {}
            _ => return Some("the answer is coded in a way that was not asked for".to_owned()),
        }
    }
    (chunked > 1).then(|| "the answer says twice that it comes in chunks".to_owned())
}

fn codings(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_in_chunks_once_or_not_at_all() {
        for (values, is_usable) in [
            (&[][..], true),
            (&["chunked"], true),
            (&[" Chunked "], true),
            (&["identity"], true),
            (&["identity, chunked"], true),
            (&["gzip, chunked"], false),
            (&["gzip", "chunked"], false),
            (&["chunked", "chunked"], false),
            (&["chunked, gzip"], false),
            (&["xchunked"], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(TRANSFER_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(problem(&headers).is_none(), is_usable, "{values:?}");
        }
    }
}
