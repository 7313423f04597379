//! What headers go on, either way. Hop-by-hop ones, cookies, where the request came from and who the client says
//! it is stay here.

mod naming;

pub use naming::{name_account, name_set};

use hyper::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE, TRANSFER_ENCODING,
};

/// The name of a request, ours or a provider's.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Of one connection (RFC 9110, section 7.6.1), whoever names them.
fn is_of_the_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "te"
            | "trailer"
            | "trailers"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
            | "expect"
            | "host"
            | "alt-svc"
            | "max-forwards"
            | "early-data"
    ) || name.starts_with("proxy-")
}

/// Of the browser, or of the page in it.
fn is_of_the_browser(name: &str) -> bool {
    matches!(name, "cookie" | "set-cookie" | "cookie2" | "set-cookie2" | "origin" | "referer")
        || name.starts_with("access-control-")
}

/// Says who sent it to a proxy before us, or how.
fn is_of_forwarding(name: &str) -> bool {
    matches!(name, "via" | "cdn-loop" | "x-proxyuser-ip" | "x-originating-ip")
        || name.contains("forwarded")
        || name.starts_with("x-original-")
        || name.starts_with("x-rewrite-")
        || name.starts_with("x-proxy-")
}

/// What a proxy, a load balancer or a gateway in front of us says of the client to its own. In an answer such names
/// are the provider's, and some of them help to find a fault.
fn is_of_a_front(name: &str) -> bool {
    const FRONTS: [&str; 18] = [
        "akamai-",
        "ali-cdn-",
        "ali-swift-",
        "cf-",
        "cloudfront-",
        "fastly-",
        "fly-",
        "incap-",
        "ssl-",
        "sw8",
        "x-amz-",
        "x-amzn-",
        "x-appengine-",
        "x-arr-",
        "x-azure-",
        "x-envoy-",
        "x-ms-",
        "x-vercel-",
    ];
    name.ends_with("-ip")
        || name.ends_with("clientip")
        || matches!(
            name,
            "client-cert"
                | "client-cert-chain"
                | "remote-addr"
                | "remote-host"
                | "remote-user"
                | "x-client-cert"
                | "x-remote-addr"
                | "x-remote-user"
                | "x-scheme"
                | "x-url-scheme"
        )
        // Nearly all of them differ in their first letter, which is compared without a call.
        || FRONTS.iter().any(|begin| begin.as_bytes()[0] == name.as_bytes()[0] && name.starts_with(begin))
        || name.starts_with("x-ssl-")
        || name.starts_with("x-auth-request-")
}

/// A key, or whose key it is: the client's own, or one for another service.
fn is_of_an_account(name: &str) -> bool {
    matches!(
        name,
        "openai-organization"
            | "openai-project"
            | "chatgpt-account-id"
            | "x-openai-account-routing-override"
            | "x-openai-fedramp"
            | "x-openai-internal-codex-residency"
            | "x-access-token"
            | "x-auth-token"
            | "x-csrf-token"
            | "x-xsrf-token"
            | "ocp-apim-subscription-key"
    ) || name.ends_with("authorization")
        || name.ends_with("api-key")
        || name.ends_with("apikey")
        || name.ends_with("-auth")
        || name.starts_with("x-goog-")
}

/// Ours to say.
fn is_ours(name: &str) -> bool {
    matches!(
        name,
        "x-account-id"
            | "x-account-label"
            | "x-account-set"
            | "x-routing-strategy"
            | "x-retry-count"
            | "x-failover"
            | "x-dropped-parameters"
    )
}

/// Nothing that stays here: most heads consist of these.
fn is_plain(name: &str) -> bool {
    matches!(
        name,
        "accept"
            | "accept-language"
            | "content-length"
            | "content-type"
            | "date"
            | "server"
            | "user-agent"
            | "x-request-id"
    )
}

/// The client's headers as they go to an upstream.
pub fn for_upstream(headers: HeaderMap) -> HeaderMap {
    let mut headers = without(headers, is_of_a_front);
    // An error has to be read, and no compressed line may hide an event. Without the header every coding would be acceptable
    // (RFC 9110, section 12.5.3).
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
}

/// The same for a question that is ours, whose whole answer is wanted whatever part of it the client has.
pub fn for_question(headers: HeaderMap) -> HeaderMap {
    let mut headers = for_upstream(headers);
    for name in [IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE] {
        headers.remove(name);
    }
    headers
}

/// The upstream's headers as they go to the client. No CORS header is ever sent, and the upstream's request id
/// makes room for ours.
pub fn for_client(mut headers: HeaderMap) -> HeaderMap {
    if headers.contains_key(TRANSFER_ENCODING) {
        // The length is void then (RFC 9112, section 6.3), and the body came in chunks.
        headers.remove(CONTENT_LENGTH);
    }
    let mut headers = without(headers, |name| name == "accept-encoding");
    if let Some(id) = headers.remove(REQUEST_ID) {
        headers.insert(const { HeaderName::from_static("x-upstream-request-id") }, id);
    }
    headers
}

/// Takes out of the map what stays here either way, and what `is_kept_back` says: a few names, found without copying the
/// rest.
fn without(mut headers: HeaderMap, is_kept_back: fn(&str) -> bool) -> HeaderMap {
    let stays = |name: &str| !is_plain(name) && (stays(name) || is_kept_back(name));
    let mut dropped: Vec<HeaderName> = headers.keys().filter(|name| stays(name.as_str())).cloned().collect();
    dropped.extend(named_by_connection(&headers).filter_map(|name| HeaderName::from_bytes(name).ok()));
    for name in dropped {
        headers.remove(name);
    }
    headers
}

/// Whether it stays here either way.
fn stays(name: &str) -> bool {
    is_of_the_hop(name) || is_of_the_browser(name) || is_of_forwarding(name) || is_of_an_account(name) || is_ours(name)
}

/// What `Connection` names. A byte that is not ASCII spoils its own name alone.
pub fn named_by_connection(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let values = headers.get_all(CONNECTION).iter().map(HeaderValue::as_bytes);
    values.flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

/// The text of the header `name`. A head has few of them: to compare each costs less than to parse a name and to hash it.
pub fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.iter().find(|(known, _)| known.as_str() == name)?.1.to_str().ok()
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
        assert_eq!(names, ["accept-encoding", "content-type", "user-agent", "x-custom"]);
        let asked = for_upstream(map(&[("accept-encoding", "gzip, br")]));
        assert_eq!(asked.get("accept-encoding").unwrap(), "identity");
    }

    #[test]
    fn what_is_plain_is_by_no_rule_to_stay() {
        let heads = "accept accept-language content-length content-type date server user-agent x-request-id";
        for name in heads.split(' ') {
            assert!(is_plain(name) && !stays(name) && !is_of_a_front(name), "{name}");
        }
        for name in ["host", "connection", "cookie", "authorization", "accept-encoding", "x-forwarded-for"] {
            assert!(!is_plain(name), "{name}");
        }
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
    fn forwarding_headers_and_foreign_credentials_stay_here_in_every_spelling() {
        let stays = [
            "forwarded",
            "via",
            "cdn-loop",
            "x-forwarded",
            "x-forwarded-for",
            "x-forwarded-client-cert",
            "x-forwarded-ssl",
            "x-vercel-forwarded-for",
            "x-original-forwarded-for",
            "x-original-url",
            "x-rewrite-url",
            "x-real-ip",
            "x-client-ip",
            "client-ip",
            "true-client-ip",
            "x-cluster-client-ip",
            "fastly-client-ip",
            "fly-client-ip",
            "do-connecting-ip",
            "wl-proxy-client-ip",
            "x-azure-clientip",
            "cf-connecting-ip",
            "cf-ipcountry",
            "cf-access-jwt-assertion",
            "cf-aig-authorization",
            "x-envoy-external-address",
            "x-amzn-trace-id",
            "x-amz-security-token",
            "x-appengine-user-ip",
            "x-ms-client-principal",
            "x-auth-request-email",
            "x-ssl-client-verify",
            "client-cert",
            "authorization",
            "proxy-authorization",
            "x-authorization",
            "api-key",
            "x-api-key",
            "x-goog-api-key",
            "x-goog-user-project",
            "anthropic-api-key",
            "x-portkey-api-key",
            "helicone-auth",
            "x-auth-token",
            "ocp-apim-subscription-key",
            "chatgpt-account-id",
            "openai-organization",
            "openai-project",
            "x-openai-account-routing-override",
            "x-openai-fedramp",
            "x-openai-internal-codex-residency",
        ];
        for name in stays {
            assert!(!for_upstream(map(&[(name, "1")])).contains_key(name), "{name}");
        }
        let goes_on = [
            "accept",
            "content-type",
            "content-encoding",
            "user-agent",
            "openai-beta",
            "x-stainless-lang",
            "x-codex-turn-metadata",
            "x-openai-subagent",
            "x-openai-internal-codex-responses-lite",
            "session_id",
            "version",
            "accept-language",
            "originator",
            "traceparent",
            "idempotency-key",
            "x-client-request-id",
            "anthropic-version",
        ];
        for name in goes_on {
            assert!(for_upstream(map(&[(name, "1")])).contains_key(name), "{name}");
        }
    }

    #[test]
    fn an_answer_says_nothing_of_its_hop_or_of_an_account_and_keeps_what_finds_a_fault() {
        for name in ["keep-alive", "proxy-connection", "trailer", "upgrade", "via", "openai-organization", "alt-svc"] {
            assert_eq!(for_client(map(&[(name, "1")])).len(), 0, "{name}");
        }
        for name in ["cf-ray", "x-ms-region", "retry-after", "content-encoding", "x-ratelimit-limit-tokens"] {
            assert_eq!(for_client(map(&[(name, "1")])).len(), 1, "{name}");
        }
    }

    #[test]
    fn a_length_beside_chunks_is_void() {
        let both = map(&[("content-length", "2"), ("transfer-encoding", "chunked"), ("x-custom", "1")]);
        let names: Vec<String> = for_client(both).keys().map(ToString::to_string).collect();
        assert_eq!(names, ["x-custom"]);
        assert_eq!(for_client(map(&[("content-length", "2")])).len(), 1);
    }

    #[test]
    fn a_byte_beyond_ascii_hides_no_name_in_connection() {
        let mut headers = map(&[("x-secret", "1"), ("x-other", "1")]);
        headers.insert(CONNECTION, HeaderValue::from_bytes(b"close,X-Secret , \xc3\xa9").unwrap());
        headers.append(CONNECTION, HeaderValue::from_static("x-third"));
        let names: Vec<String> = for_upstream(headers).keys().map(ToString::to_string).collect();
        assert_eq!(names, ["x-other", "accept-encoding"]);
    }
}
