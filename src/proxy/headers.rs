//! What headers go on, either way. Hop-by-hop ones, cookies, where the request came from and who the client says
//! it is stay here.

use std::fmt::Write;

use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue};

use crate::domain::account::AccountId;

/// Whether a header stays here: those of one connection, of the browser, of other proxies, and of accounts.
#[expect(clippy::match_same_arms, reason = "each kind of header stands by itself")]
fn is_kept_back(name: &str) -> bool {
    match name {
        "connection"
        | "keep-alive"
        | "proxy-connection"
        | "proxy-authenticate"
        | "proxy-authorization"
        | "te"
        | "trailer"
        | "transfer-encoding"
        | "upgrade"
        | "expect"
        | "host"
        | "alt-svc" => true,
        "cookie" | "set-cookie" | "cookie2" | "set-cookie2" | "origin" | "referer" => true,
        "forwarded" | "via" | "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto" | "x-forwarded-port"
        | "x-real-ip" => true,
        "authorization" | "x-api-key" | "api-key" | "openai-organization" | "openai-project" | "chatgpt-account-id" => {
            true
        }
        // Answers come back as they are, so that an error can be read and no compressed line hides an event.
        "accept-encoding" => true,
        // Ours to say.
        "x-account-id" | "x-account-label" | "x-routing-strategy" | "x-retry-count" | "x-failover" => true,
        _ => name.starts_with("access-control-"),
    }
}

/// The client's headers as they go to an upstream.
pub fn for_upstream(headers: HeaderMap) -> HeaderMap {
    forwarded(headers)
}

/// The upstream's headers as they go to the client. No CORS header is ever sent, and the upstream's request id
/// makes room for ours.
pub fn for_client(headers: HeaderMap) -> HeaderMap {
    let mut headers = forwarded(headers);
    if let Some(id) = headers.remove("x-request-id") {
        headers.insert(HeaderName::from_static("x-upstream-request-id"), id);
    }
    headers
}

/// Takes out of the map what stays here: a few names, found without copying the rest.
fn forwarded(mut headers: HeaderMap) -> HeaderMap {
    let mut dropped: Vec<HeaderName> = headers.keys().filter(|name| is_kept_back(name.as_str())).cloned().collect();
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    dropped.extend(named.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()));
    for name in dropped {
        headers.remove(name);
    }
    headers
}

/// Says who answers.
pub fn name_account(headers: &mut HeaderMap, account: &AccountId, label: &str) {
    headers.insert(HeaderName::from_static("x-account-id"), percent_encoded(account.as_str()));
    headers.insert(HeaderName::from_static("x-account-label"), percent_encoded(label));
}

/// `text` as a header value, with every byte that is not plain ASCII percent-encoded.
pub fn percent_encoded(text: &str) -> HeaderValue {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@+".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    HeaderValue::from_str(&encoded).expect("percent-encoded text is visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs.map(|(n, v)| (HeaderName::from_bytes(n.as_bytes()).unwrap(), HeaderValue::from_str(v).unwrap())).collect()
    }

    #[test]
    fn what_belongs_to_the_hop_the_browser_or_an_account_stays_here() {
        let from = map(&[
            ("Connection", "close, X-Private"),
            ("x-private", "1"),
            ("authorization", "Bearer client"),
            ("cookie", "a=b"),
            ("x-forwarded-for", "1.2.3.4"),
            ("openai-organization", "org"),
            ("user-agent", "test"),
            ("content-type", "application/json"),
            ("x-custom", "kept"),
        ]);
        let mut names: Vec<String> = for_upstream(from).keys().map(ToString::to_string).collect();
        names.sort();
        assert_eq!(names, ["content-type", "user-agent", "x-custom"]);
    }

    #[test]
    fn the_client_sees_no_cors_no_cookie_and_our_request_id() {
        let from = map(&[
            ("access-control-allow-origin", "*"),
            ("set-cookie", "a=b"),
            ("x-request-id", "req_1"),
            ("openai-processing-ms", "5"),
        ]);
        let headers = for_client(from);
        let names: Vec<String> = headers.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["openai-processing-ms", "x-upstream-request-id"]);
    }

    #[test]
    fn labels_are_percent_encoded() {
        assert_eq!(percent_encoded("Wörk key/1%").to_str().unwrap(), "W%C3%B6rk%20key%2F1%25");
    }
}
