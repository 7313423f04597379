//! The proxy's door, on the wire.

use crate::support::http::{Connection, request};
use crate::support::upstream::small_request;
use crate::support::{Pool, Sidecar};

/// What is sent, with `{key}`, `{port}` and `{body}` filled in, and the status that comes back.
#[track_caller]
fn check(sidecar: &Sidecar, wire: &str, expected: u16) {
    let mut connection = Connection::open(sidecar.port());
    let wire =
        wire.replace("{key}", sidecar.api_key()).replace("{port}", &sidecar.port().to_string()).replace('\n', "\r\n");
    connection.send(wire.as_bytes()).unwrap();
    let head = connection.head().unwrap_or_else(|error| panic!("{wire:?}: {error}"));
    assert_eq!(head.status, expected, "{wire:?}");
    assert!(head.headers.iter().all(|(name, _)| !name.starts_with("access-control-")), "{wire:?}");
}

#[test]
fn requests_that_mean_two_things_are_malformed() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let good = "authorization: Bearer {key}\nhost: 127.0.0.1:{port}\n";
    for (head, expected) in [
        ("POST /v1/responses HTTP/1.1\n{good}transfer-encoding: chunked\ncontent-length: 2\n\n2\n{}\n0\n\n", 400),
        ("POST /v1/responses HTTP/1.1\n{good}content-length: 2\ntransfer-encoding: chunked\n\n{}", 400),
        ("POST /v1/responses HTTP/1.1\n{good}content-length: 2\ncontent-length: 3\n\n{}x", 400),
        ("POST /v1/responses HTTP/1.1\n{good}transfer-encoding: gzip, chunked\n\n2\n{}\n0\n\n", 400),
        ("POST /v1/responses HTTP/1.1\n{good}transfer-encoding: chunked, gzip\n\n2\n{}\n0\n\n", 400),
        ("POST /v1/responses HTTP/1.1\n{good}transfer-encoding: gzip\ntransfer-encoding: chunked\n\n2\n{}\n0\n\n", 400),
        (
            "POST /v1/responses HTTP/1.1\n{good}transfer-encoding: chunked\ntransfer-encoding: chunked\n\n2\n{}\n0\n\n",
            400,
        ),
        ("POST /v1/responses HTTP/1.1\n{good}transfer-encoding: identity\n\n{}", 400),
        ("POST /v1/responses HTTP/1.1\n{good}transfer-encoding: \n chunked\n\n2\n{}\n0\n\n", 400),
        ("POST /v1/responses HTTP/1.1\n{good}content-length: 2\ntransfer-encoding: identity\n\n{}", 400),
        ("POST /v1/responses HTTP/1.0\n{good}transfer-encoding: chunked\n\n2\n{}\n0\n\n", 400),
        ("POST /v1/responses HTTP/1.1\n{good}content-length: +2\n\n{}", 400),
        ("POST /v1/responses HTTP/1.1\n{good}content-length: 2, 2\n\n{}", 400),
        ("POST /v1/responses HTTP/1.1\n{good}content-length: 0x2\n\n{}", 400),
        ("POST /v1/responses HTTP/1.1\n{good}content-length:\n\n", 400),
        ("GET /v1/models HTTP/1.1\n{good}x-folded: a\n b\n\n", 400),
        ("GET /v1/models HTTP/1.1\nauthorization: Bearer {key}\n\n", 400),
        ("GET /v1/models HTTP/1.1\n{good}host: other\n\n", 400),
        ("GET /v1/models\n\n", 400),
        ("NONSENSE\n\n", 400),
    ] {
        check(&sidecar, &head.replace("{good}", good), expected);
    }
    assert!(pool.upstream.requests().is_empty());
}

#[test]
fn the_host_the_origin_and_the_key_are_looked_at_in_this_order() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    for (head, expected) in [
        ("GET /v1/models HTTP/1.1\nhost: evil.example:{port}\nauthorization: Bearer {key}\n\n", 421),
        ("GET /v1/models HTTP/1.1\nhost: 127.0.0.1:1\nauthorization: Bearer {key}\n\n", 421),
        ("GET /health HTTP/1.1\nhost: evil.example:{port}\n\n", 421),
        (
            "GET /v1/models HTTP/1.1\nhost: localhost:{port}\nauthorization: Bearer {key}\norigin: http://localhost:{port}\n\n",
            403,
        ),
        ("GET /v1/models HTTP/1.1\nhost: localhost:{port}\norigin: null\n\n", 403),
        (
            "GET /v1/models HTTP/1.1\nhost: localhost:{port}\nauthorization: Bearer {key}\nsec-fetch-site: cross-site\n\n",
            403,
        ),
        (
            "OPTIONS /v1/models HTTP/1.1\nhost: localhost:{port}\norigin: http://x\naccess-control-request-method: GET\n\n",
            403,
        ),
        ("GET /v1/models HTTP/1.1\nhost: localhost:{port}\n\n", 401),
        ("GET /nowhere HTTP/1.1\nhost: localhost:{port}\n\n", 401),
        ("GET /rpc HTTP/1.1\nhost: localhost:{port}\nauthorization: Bearer sk-codex-account-manager\n\n", 401),
        ("GET /v1/models HTTP/1.1\nhost: localhost:{port}\nauthorization: Bearer {key}x\n\n", 401),
        ("GET /v1/models HTTP/1.1\nhost: localhost:{port}\nauthorization: Bearer {key}\n\n", 200),
        ("GET /v1/models HTTP/1.1\nhost: [::1]:{port}\nx-api-key: {key}\n\n", 200),
        ("GET /health HTTP/1.1\nhost: 127.0.0.1:{port}\n\n", 200),
        ("GET /healthz HTTP/1.1\nhost: 127.0.0.1:{port}\n\n", 200),
    ] {
        check(&sidecar, head, expected);
    }
}

#[test]
fn only_plain_targets_are_forwarded() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    for (line, expected) in [
        ("GET http://127.0.0.1:{port}/v1/models HTTP/1.1", 400),
        ("GET http://evil.example/v1/models HTTP/1.1", 400),
        ("CONNECT 127.0.0.1:{port} HTTP/1.1", 405),
        ("TRACE /v1/models HTTP/1.1", 405),
        ("GET //v1/models HTTP/1.1", 400),
        ("GET /v1//models HTTP/1.1", 400),
        ("GET /v1/../models HTTP/1.1", 400),
        ("GET /v1/%2e%2e/models HTTP/1.1", 400),
        ("GET /v1/files%2fx HTTP/1.1", 400),
        ("GET /v1/files%5Cx HTTP/1.1", 400),
        ("GET /rpc HTTP/1.1", 401),
        ("GET /rpc/x HTTP/1.1", 404),
        ("GET /metrics/x HTTP/1.1", 404),
        ("POST /metrics HTTP/1.1", 405),
        ("GET /favicon.ico HTTP/1.1", 404),
        ("GET /foo HTTP/1.1", 404),
        ("GET /respones HTTP/1.1", 404),
        ("GET /v1 HTTP/1.1", 404),
        ("OPTIONS * HTTP/1.1", 400),
    ] {
        check(&sidecar, &format!("{line}\nhost: 127.0.0.1:{{port}}\nauthorization: Bearer {{key}}\n\n"), expected);
    }
    assert!(pool.upstream.requests().is_empty());
}

#[test]
fn a_websocket_upgrade_of_another_path_is_told_to_use_http() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    for path in ["/v1/files", "/v1/responses/resp_1", "/chat/completions", "/v1/realtime/calls"] {
        let head = format!(
            "GET {path} HTTP/1.1\nhost: 127.0.0.1:{{port}}\nauthorization: Bearer {{key}}\nconnection: Upgrade\nupgrade: websocket\n\
             sec-websocket-version: 13\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\n\n"
        );
        check(&sidecar, &head, 426);
    }
    assert!(pool.upstream.requests().is_empty());
}

#[test]
fn what_belongs_to_the_hop_the_browser_or_an_account_goes_no_further_either_way() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let key = format!("Bearer {}", sidecar.api_key());
    let body = small_request("gpt-5.4").to_string();
    let headers = [
        ("authorization", key.as_str()),
        ("content-type", "application/json"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("cookie", "a=b"),
        ("referer", "http://x"),
        ("forwarded", "for=1.2.3.4"),
        ("x-forwarded-for", "1.2.3.4"),
        ("openai-organization", "org-client"),
        ("chatgpt-account-id", "acct"),
        ("x-stainless-lang", "python"),
        ("openai-beta", "responses=experimental"),
    ];
    let response = request(sidecar.port(), "POST", "/v1/responses", &headers, body.as_bytes());
    assert_eq!(response.status(), 200);
    let requests = pool.upstream.requests();
    let seen: Vec<&str> = requests[0].headers.iter().map(|(name, _)| name.as_str()).collect();
    for name in
        ["x-hop", "cookie", "referer", "forwarded", "x-forwarded-for", "openai-organization", "chatgpt-account-id"]
    {
        assert!(!seen.contains(&name), "{name} went on: {seen:?}");
    }
    for name in ["x-stainless-lang", "openai-beta", "content-type"] {
        assert!(seen.contains(&name), "{name} was lost: {seen:?}");
    }
    assert_eq!(requests[0].header("host"), pool.upstream.base_url().strip_prefix("http://"));
    for name in ["set-cookie", "openai-organization"] {
        assert_eq!(response.header(name), None, "{name}");
    }
    for name in [
        "x-account-id",
        "x-account-label",
        "x-routing-strategy",
        "x-retry-count",
        "x-request-id",
        "openai-processing-ms",
    ] {
        assert!(response.header(name).is_some(), "{name}");
    }
}

#[test]
fn heads_over_64_kib_are_refused_and_slow_ones_do_not_stop_others() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let long = "x".repeat(70 * 1024);
    check(&sidecar, &format!("GET /v1/models HTTP/1.1\nhost: 127.0.0.1:{{port}}\nx-long: {long}\n\n"), 431);
    let mut slow = Connection::open(sidecar.port());
    slow.send(b"GET /v1/models HTTP/1.1\r\nhost: ").unwrap();
    check(&sidecar, "GET /health HTTP/1.1\nhost: 127.0.0.1:{port}\n\n", 200);
}
