//! Which account a socket gets, and when there is none.

use std::time::Duration;

use serde_json::json;
use simulated_openai::api::{Answer, Breakage, LimitKind, Wait};

use super::create;
use crate::support::http::Connection;
use crate::support::websocket::{KEY, WebSocket, handshake};
use crate::support::{Pool, Sandbox, Sidecar, eventually};

fn limited() -> Answer {
    Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(3600)), kind: LimitKind::Tokens }
}

fn status(status: u16) -> Answer {
    let (code, error_type, message) = (None, "invalid_request_error".to_owned(), "no".to_owned());
    Answer::Status { status, code, error_type, message, headers: Vec::new() }
}

#[track_caller]
fn check_states(pool: &Pool, expected: &[&str]) {
    eventually(&format!("the states are {expected:?}"), || {
        let listed = pool.sandbox.run(&["list", "--json"]).ok().json();
        let states: Vec<_> = listed["accounts"].as_array()?.iter().map(|account| account["state"].clone()).collect();
        (states == expected).then_some(())
    });
}

#[test]
fn the_account_s_key_goes_on_and_ours_does_not() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let secret = format!("realtime, openai-insecure-api-key.{}", sidecar.api_key());
    let headers =
        [("cookie", "a=b"), ("sec-websocket-protocol", secret.as_str()), ("openai-organization", "org-client")];
    let (head, _connection) = handshake(&sidecar, "/v1/responses?x=1", &headers);
    assert_eq!((head.status, head.header("sec-websocket-protocol")), (101, Some("realtime")));
    assert_eq!(head.header("x-account-id"), Some(pool.ids[0].as_str()));
    assert_eq!((head.header("x-retry-count"), head.header("upgrade")), (Some("0"), Some("websocket")));
    for name in ["x-account-label", "x-request-id", "x-routing-strategy", "x-upstream-request-id"] {
        assert!(head.header(name).is_some(), "{name}");
    }
    assert_eq!(head.header("set-cookie"), None);
    let request = &pool.upstream.requests()[0];
    assert_eq!((request.method.as_str(), request.path_and_query.as_str()), ("GET", "/v1/responses?x=1"));
    assert_eq!(request.key.as_ref(), Some(&pool.keys[0]));
    assert_eq!(request.header("openai-beta"), Some("responses_websockets=2026-02-06"));
    for name in ["sec-websocket-extensions", "cookie", "openai-organization"] {
        assert_eq!(request.header(name), None, "{name}");
    }
    assert!(request.headers.iter().all(|(_, value)| !value.contains(sidecar.api_key())), "{request:?}");
}

#[test]
fn a_handshake_that_is_refused_is_recorded_and_goes_to_the_next_account() {
    for (answer, state) in [
        (limited(), "rateLimited"),
        (Answer::InsufficientQuota, "coolingDown"),
        (Answer::InvalidKey, "needsLogin"),
        (Answer::Overloaded, "ready"),
        (Answer::Broken(Breakage::CutBeforeAnswer), "ready"),
    ] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        pool.script(1, answer.clone());
        let mut socket = WebSocket::open(&sidecar, "/responses");
        assert_eq!(socket.head.header("x-account-id"), Some(pool.ids[1].as_str()), "{answer:?}");
        assert_eq!(socket.head.header("x-retry-count"), Some("1"), "{answer:?}");
        socket.say(&create(&json!({})));
        assert_eq!(socket.response().last().unwrap()["type"], "response.completed");
        assert_eq!(pool.served_by(), [Some(1), Some(2)], "{answer:?}");
        check_states(&pool, &[state, "ready"]);
    }
}

#[test]
fn a_socket_that_is_not_to_be_had_is_told_to_use_http() {
    for (answer, asked) in [
        (limited(), &[Some(1), Some(2)][..]),
        (Answer::ServerError(500), &[Some(1), Some(2)]),
        (status(404), &[Some(1)]),
        (status(400), &[Some(1)]),
        (status(426), &[Some(1)]),
        (Answer::Raw { status: 200, headers: Vec::new(), body: "{}".into() }, &[Some(1)]),
    ] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        for key in &pool.keys {
            pool.upstream.always(key, Some(answer.clone()));
        }
        let (head, mut connection) = handshake(&sidecar, "/v1/responses", &[]);
        assert_eq!((head.status, head.header("upgrade")), (426, Some("HTTP/1.1")), "{answer:?}");
        assert!(String::from_utf8_lossy(&connection.body().unwrap()).contains("upgrade_required"));
        assert!(connection.head().is_err(), "the connection ends behind it");
        assert_eq!(pool.served_by(), asked, "{answer:?}");
    }
}

#[test]
fn a_tunnel_is_opened_only_with_an_account_that_it_is_exact_for_and_a_socket_with_any() {
    for change in [["--daily-limit", "5"], ["--monthly-limit", "5"], ["--model", "gpt-5*"]] {
        let pool = Pool::new(2);
        pool.sandbox.run(&["edit", "1", change[0], change[1]]).ok();
        let sidecar = pool.sidecar();
        let (head, _connection) = handshake(&sidecar, "/v1/responses", &[]);
        assert_eq!(head.status, 101, "{change:?}");
        for (target, status) in [
            ("/v1/realtime", 426),
            ("/v1/realtime?model=gpt-5-realtime", if change[0] == "--model" { 101 } else { 426 }),
        ] {
            assert_eq!(handshake(&sidecar, target, &[]).0.status, status, "{change:?} {target}");
        }
    }
}

#[test]
fn the_path_of_the_backend_is_served_too() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/backend-api/codex/responses");
    socket.say(&create(&json!({})));
    assert_eq!(socket.response().last().unwrap()["type"], "response.completed");
    assert_eq!(pool.upstream.requests()[0].path_and_query, "/v1/responses");
}

#[test]
fn a_handshake_that_no_account_can_serve_says_why() {
    let sandbox = Sandbox::new();
    let sidecar = Sidecar::start(&sandbox);
    let reason = |sidecar: &Sidecar| {
        let (head, mut connection) = handshake(sidecar, "/v1/responses", &[]);
        let body = String::from_utf8(connection.body().unwrap()).unwrap();
        (head.status, body)
    };
    let (status, body) = reason(&sidecar);
    assert_eq!(status, 426);
    assert!(body.contains("there is no account yet") && body.contains("Use HTTP."), "{body}");
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    for key in &pool.keys {
        pool.upstream.always(key, Some(limited()));
    }
    let (status, body) = reason(&sidecar);
    assert_eq!(status, 426);
    assert!(body.contains("All accounts are limited"), "{body}");
}

#[test]
fn what_is_no_handshake_is_no_socket() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    for broken in [
        ("connection", "keep-alive"),
        ("sec-websocket-version", "8"),
        ("sec-websocket-key", ""),
        ("content-length", "2"),
    ] {
        assert_eq!(handshake(&sidecar, "/v1/responses", &[broken]).0.status, 426, "{broken:?}");
    }
    assert!(pool.upstream.requests().is_empty());
}

#[test]
fn the_door_comes_first() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    for (changed, expected) in [
        (("authorization", ""), 401),
        (("authorization", "Bearer sk-codex-account-manager"), 401),
        (("origin", "http://127.0.0.1"), 403),
        (("sec-fetch-site", "cross-site"), 403),
    ] {
        assert_eq!(handshake(&sidecar, "/v1/responses", &[changed]).0.status, expected, "{changed:?}");
    }
    let mut connection = Connection::open(sidecar.port());
    let wire = format!(
        "GET /v1/responses HTTP/1.1\r\nhost: evil.example\r\nauthorization: Bearer {}\r\nconnection: Upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: {KEY}\r\n\r\n",
        sidecar.api_key()
    );
    connection.send(wire.as_bytes()).unwrap();
    assert_eq!(connection.head().unwrap().status, 421);
    assert!(pool.upstream.requests().is_empty());
}
