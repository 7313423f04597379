//! The handshake of a WebSocket (RFC 6455, section 4): whether a client's can be passed on, in which headers, and the
//! proof that its key was read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::Method;
use hyper::Version;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::{request, response};

use crate::proxy::headers;

/// A browser cannot set headers and puts its key and its account into names of protocols; a client that does the same
/// shows them to us alone.
const CREDENTIALS: [&str; 3] = ["openai-insecure-api-key.", "openai-organization.", "openai-project."];

/// Whether the request can begin a WebSocket.
pub fn is_whole(head: &request::Parts) -> bool {
    let headers = &head.headers;
    let has_body = headers.contains_key(TRANSFER_ENCODING)
        || headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0");
    head.method == Method::GET
        && head.version == Version::HTTP_11
        && !has_body
        && names(headers, "upgrade")
        && headers.get_all(SEC_WEBSOCKET_KEY).iter().count() == 1
        && headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version.as_bytes() == b"13")
}

/// What a server appends to the client's key before it hashes it (RFC 6455, section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The proof that the key of a whole handshake was read.
pub fn accept(headers: &HeaderMap) -> HeaderValue {
    let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    let hashed = [key.trim_ascii(), GUID.as_bytes()].concat();
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &hashed);
    HeaderValue::from_str(&BASE64.encode(digest)).expect("base64 is visible ASCII")
}

/// Whether the upstream agreed to a WebSocket.
pub fn is_agreed(head: &response::Parts) -> bool {
    let upgrade = head.headers.get(UPGRADE).map(HeaderValue::as_bytes);
    head.status == 101
        && upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
        && head.headers.contains_key(SEC_WEBSOCKET_ACCEPT)
}

/// The client's headers as they go to an upstream. No extension is offered: frames come uncompressed and can be read.
pub fn for_upstream(from: HeaderMap) -> HeaderMap {
    let protocols = protocols(&from);
    let mut headers = headers::for_upstream(from);
    for name in [SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL, CONTENT_LENGTH] {
        headers.remove(name);
    }
    if let Some(protocols) = protocols {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocols);
    }
    upgrading(headers)
}

/// The upstream's headers as they go to the client.
pub fn for_client(from: HeaderMap) -> HeaderMap {
    let mut headers = headers::for_client(from);
    for name in [SEC_WEBSOCKET_EXTENSIONS, CONTENT_LENGTH] {
        headers.remove(name);
    }
    upgrading(headers)
}

fn upgrading(mut headers: HeaderMap) -> HeaderMap {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers
}

/// The protocols the client offers, without those that are no protocols.
fn protocols(headers: &HeaderMap) -> Option<HeaderValue> {
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    let kept: Vec<&str> = offered
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty() && !CREDENTIALS.iter().any(|begin| name.starts_with(begin)))
        .collect();
    HeaderValue::from_str(&kept.join(", ")).ok().filter(|value| !value.is_empty())
}

/// Whether `Connection` names `word`.
fn names(headers: &HeaderMap, word: &str) -> bool {
    headers::named_by_connection(headers).any(|name| name.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn head(change: &[(&str, &str)]) -> request::Parts {
        let mut request = Request::get("/v1/responses");
        let usual = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let kept = usual.iter().filter(|(name, _)| !change.iter().any(|(changed, _)| changed == name));
        for (name, value) in kept.chain(change).filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_handshake_lacks_nothing_and_has_no_body() {
        assert!(is_whole(&head(&[])));
        for broken in [
            ("connection", "keep-alive"),
            ("sec-websocket-version", "8"),
            ("sec-websocket-key", ""),
            ("content-length", "5"),
            ("transfer-encoding", "chunked"),
        ] {
            assert!(!is_whole(&head(&[broken])), "{broken:?}");
        }
        let mut post = head(&[]);
        post.method = Method::POST;
        assert!(!is_whole(&post));
    }

    #[test]
    fn the_key_is_proved_to_be_read_as_in_the_standard() {
        assert_eq!(accept(&head(&[]).headers), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn what_goes_on_has_no_extension_and_no_credential() {
        let head = head(&[
            ("sec-websocket-extensions", "permessage-deflate"),
            ("sec-websocket-protocol", "realtime, openai-insecure-api-key.sk-client, openai-beta.realtime-v1"),
            ("openai-beta", "responses_websockets=2026-02-06"),
            ("authorization", "Bearer client"),
        ]);
        let headers = for_upstream(head.headers);
        let mut names: Vec<&str> = headers.keys().map(hyper::header::HeaderName::as_str).collect();
        names.sort_unstable();
        // A refusal is read, so that it must not be compressed either.
        let expected = [
            "accept-encoding",
            "connection",
            "openai-beta",
            "sec-websocket-key",
            "sec-websocket-protocol",
            "sec-websocket-version",
            "upgrade",
        ];
        assert_eq!(names, expected);
        assert_eq!(headers[SEC_WEBSOCKET_PROTOCOL], "realtime, openai-beta.realtime-v1");
    }
}
