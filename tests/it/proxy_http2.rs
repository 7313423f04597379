//! Providers as they are: behind TLS, in HTTP/2. One connection, opened ahead, for whoever asks; and nobody is blamed for what
//! a connection did.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use simulated_openai::Secure;
use simulated_openai::api::{Answer, Breakage, LimitKind, Outcome, Wait};
use simulated_openai::chatgpt::{Quota, Window};

use crate::support::http::{self, Connection};
use crate::support::logins::{self, Logins};
use crate::support::upstream::{ask, small_request};
use crate::support::websocket::WebSocket;
use crate::support::{Pool, eventually};

const MODEL: &str = "gpt-5.4";

#[test]
fn the_first_request_finds_a_connection_on_which_nothing_was_sent() {
    let pool = Pool::secured(2, Secure::http2());
    let sidecar = pool.sidecar();
    let traffic = pool.upstream.traffic();
    eventually("a connection is opened ahead", || (traffic.open_connections() == 1).then_some(()));
    assert!(pool.upstream.requests().is_empty(), "no key goes out before a request does");
    assert_eq!(ask(&pool, &sidecar, MODEL), 1);
    // The next account is reached on the same connection.
    pool.script(1, Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(60)), kind: LimitKind::Tokens });
    assert_eq!(ask(&pool, &sidecar, MODEL), 2);
    assert!(pool.upstream.requests().iter().all(|request| request.is_http2));
    assert_eq!(traffic.accepted_connections(), 1);
}

#[test]
fn what_is_beyond_the_servers_limit_is_no_failure_of_the_account() {
    let pool = Pool::secured(2, Secure::http2().with_streams(2));
    let sidecar = pool.sidecar();
    let (port, key) = (sidecar.port(), sidecar.api_key());
    pool.upstream.always(&pool.keys[0], Some(Answer::Slow(Duration::from_millis(200))));
    std::thread::scope(|scope| {
        let ask = || http::post(port, "/v1/responses", key, &small_request(MODEL));
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        for asked in asking {
            let answered = asked.join().unwrap();
            assert_eq!((answered.status(), answered.header("x-retry-count")), (200, Some("0")));
            assert_eq!(answered.header("x-account-label"), Some("account-1"));
        }
    });
    let accepted = pool.upstream.traffic().accepted_connections();
    assert!((4..=8).contains(&accepted), "{accepted}");
}

#[test]
fn a_failover_after_a_broken_answer_goes_out_on_another_connection() {
    let pool = Pool::secured(2, Secure::http2());
    let sidecar = pool.sidecar();
    assert_eq!(ask(&pool, &sidecar, MODEL), 1);
    pool.script(1, Answer::Broken(Breakage::CutBeforeAnswer));
    assert_eq!(ask(&pool, &sidecar, MODEL), 2);
    assert_eq!(pool.upstream.traffic().accepted_connections(), 2);
}

#[test]
fn a_client_that_leaves_ends_its_own_stream_alone() {
    let pool = Pool::secured(1, Secure::http2());
    let sidecar = pool.sidecar();
    pool.script(1, Answer::Broken(Breakage::HangMidStream { after_events: 3 }));
    let key = format!("Bearer {}", sidecar.api_key());
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    let body = json!({ "model": MODEL, "input": "hello", "stream": true }).to_string();
    let mut connections = [0, 1].map(|_| Connection::open(sidecar.port()));
    for connection in &mut connections {
        connection.request("POST", "/v1/responses", &headers, body.as_bytes());
        assert_eq!(connection.head().unwrap().status, 200);
    }
    let [leaving, mut staying] = connections;
    drop(leaving);
    let whole = staying.body().unwrap();
    assert!(whole.windows(18).any(|part| part == b"response.completed"), "{}", String::from_utf8_lossy(&whole));
    eventually("the stream of the one that left is ended", || {
        let left = |outcome| matches!(outcome, Outcome::ClientLeft { .. });
        let ends = pool.upstream.requests().iter().map(|request| left(request.outcome)).collect::<Vec<_>>();
        (ends.iter().filter(|left| **left).count() == 1).then_some(())
    });
    assert_eq!(pool.upstream.traffic().accepted_connections(), 1);
}

#[test]
fn a_websocket_is_opened_in_http1_beside_it() {
    let pool = Pool::secured(1, Secure::http2());
    let sidecar = pool.sidecar();
    assert_eq!(ask(&pool, &sidecar, MODEL), 1);
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    socket.say(&json!({ "type": "response.create", "model": MODEL, "input": "hello" }));
    assert_eq!(socket.response().pop().unwrap()["type"], "response.completed");
    assert_eq!(ask(&pool, &sidecar, MODEL), 1);
    let speaks: Vec<bool> = pool.upstream.requests().iter().map(|request| request.is_http2).collect();
    assert_eq!(speaks, [true, false, true]);
}

#[test]
fn a_connection_for_the_next_account_is_opened_when_a_limit_is_near() {
    let mut logins = Logins::new(1);
    let secure = Arc::new(Secure::http2());
    let next = simulated_openai::api::SimulatedOpenAi::start_secured_on_thread(Arc::clone(&secure)).unwrap();
    logins.sandbox.trust(secure.authority());
    let add = ["add", "next", "--key-stdin", "--base-url", &next.base_url()];
    logins.sandbox.run_with(&add, b"sk-next-0123456789abcdef\n").ok();
    let sidecar = logins.sidecar();
    let used = |used_percent| {
        let window = Window { used_percent, window_minutes: 300, reset_at: logins::now() / 1000 + 9_000 };
        logins.upstream.set_quota(logins.accounts[0], Quota { primary: Some(window), secondary: None });
        logins::ask(&sidecar);
    };
    used(80.0);
    used(85.0);
    assert_eq!(next.traffic().accepted_connections(), 0);
    used(92.0);
    eventually("a connection is opened ahead", || (next.traffic().open_connections() == 1).then_some(()));
    assert!(next.requests().is_empty());
}
