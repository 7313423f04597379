//! Compressed request bodies: the real backend reads zstd, which is how Codex sends it what is long.

use std::io::Read;

use bytes::Bytes;
use hyper::header::CONTENT_ENCODING;
use hyper::http::request::Parts;
use ruzstd::decoding::StreamingDecoder;

use crate::reply::Reply;

/// `body` as it was before it was compressed, or the refusal.
pub(super) fn plain(head: &Parts, body: &Bytes) -> Result<Bytes, Reply> {
    match head.headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or_default()) {
        None | Some("identity") => Ok(body.clone()),
        Some("zstd") => {
            let mut plain = Vec::new();
            let read = StreamingDecoder::new(body.as_ref()).ok().and_then(|mut from| from.read_to_end(&mut plain).ok());
            read.map(|_| Bytes::from(plain)).ok_or_else(|| Reply::detail(400, "Invalid compressed request body"))
        }
        Some(_) => Err(Reply::detail(415, "Unsupported content encoding")),
    }
}
