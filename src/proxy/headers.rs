//! What headers go on, either way. Hop-by-hop ones, cookies, where the request came from and who the client says
//! it is stay here.

use std::fmt::Write;

use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue};

/// Headers of one connection, of the browser, of other proxies, and of accounts.
const KEPT_BACK: [&str; 36] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "cookie",
    "set-cookie",
    "cookie2",
    "set-cookie2",
    "origin",
    "referer",
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-real-ip",
    "authorization",
    "x-api-key",
    "api-key",
    "openai-organization",
    "openai-project",
    "chatgpt-account-id",
    "host",
    "alt-svc",
    "expect",
    // Answers come back as they are, so that an error can be read and no compressed line hides an event.
    "accept-encoding",
    // Ours to say.
    "x-account-id",
    "x-account-label",
    "x-routing-strategy",
    "x-retry-count",
];

/// The client's headers as they go to an upstream.
pub fn for_upstream(from: &HeaderMap) -> HeaderMap {
    forwarded(from)
}

/// The upstream's headers as they go to the client. No CORS header is ever sent, and the upstream's request id
/// makes room for ours.
pub fn for_client(from: &HeaderMap) -> HeaderMap {
    let mut headers = forwarded(from);
    let foreign: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
    for name in foreign {
        headers.remove(name);
    }
    if let Some(id) = headers.remove("x-request-id") {
        headers.insert(HeaderName::from_static("x-upstream-request-id"), id);
    }
    headers
}

fn forwarded(from: &HeaderMap) -> HeaderMap {
    let named: Vec<&str> = from
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let mut headers = HeaderMap::with_capacity(from.len() + 8);
    for (name, value) in from {
        let kept_back =
            KEPT_BACK.contains(&name.as_str()) || named.iter().any(|other| other.eq_ignore_ascii_case(name.as_str()));
        if !kept_back {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
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
        let names: Vec<String> = for_upstream(&from).keys().map(ToString::to_string).collect();
        assert_eq!(names, ["user-agent", "content-type", "x-custom"]);
    }

    #[test]
    fn the_client_sees_no_cors_no_cookie_and_our_request_id() {
        let from = map(&[
            ("access-control-allow-origin", "*"),
            ("set-cookie", "a=b"),
            ("x-request-id", "req_1"),
            ("openai-processing-ms", "5"),
        ]);
        let headers = for_client(&from);
        let names: Vec<String> = headers.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["openai-processing-ms", "x-upstream-request-id"]);
    }

    #[test]
    fn labels_are_percent_encoded() {
        assert_eq!(percent_encoded("Wörk key/1%").to_str().unwrap(), "W%C3%B6rk%20key%2F1%25");
    }
}
