//! The turns of one socket with keys: which account serves each, and what becomes of one that names what an account made.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::api::{Answer, Breakage, LimitKind, Wait};

use super::create;
use crate::support::websocket::WebSocket;
use crate::support::{Pool, eventually};

fn limited() -> Answer {
    Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(3600)), kind: LimitKind::Tokens }
}

/// The last event of the answer to a turn.
#[track_caller]
fn last(socket: &mut WebSocket, extra: &Value) -> Value {
    socket.say(&create(extra));
    socket.response().pop().unwrap()
}

#[track_caller]
fn check_completed(event: &Value) {
    assert_eq!(event["type"], "response.completed", "{event}");
}

#[test]
fn a_turn_that_names_nothing_bound_goes_to_the_next_account() {
    for (answer, is_same_socket) in [
        (limited(), false),
        (Answer::InsufficientQuota, false),
        (Answer::InvalidKey, false),
        (Answer::Overloaded, false),
        (Answer::FailInStream { after_events: 2, code: "server_is_overloaded".into(), message: "no".into() }, false),
        (Answer::Broken(Breakage::CutMidStream { after_events: 2 }), true),
        (Answer::Broken(Breakage::CutBeforeAnswer), true),
    ] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        let mut socket = WebSocket::open(&sidecar, "/v1/responses");
        check_completed(&last(&mut socket, &json!({})));
        pool.script(1, answer.clone());
        check_completed(&last(&mut socket, &json!({})));
        // A connection that has served before is opened once more: it says nothing of its account that it is closed.
        let second = if is_same_socket { 1 } else { 2 };
        assert_eq!(pool.served_by(), [Some(1), Some(second)], "{answer:?}");
        check_completed(&last(&mut socket, &json!({})));
        assert_eq!(pool.served_by().len(), 2, "{answer:?}: the one that serves is kept");
        assert_eq!(pool.upstream.traffic().open_connections(), 1, "{answer:?}: one upstream at a time");
    }
}

#[test]
fn a_turn_that_goes_on_from_its_socket_stays_or_ends_with_a_clear_error() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    let first = last(&mut socket, &json!({}));
    let id = first["response"]["id"].clone();
    pool.script(1, limited());
    let told = last(&mut socket, &json!({ "previous_response_id": id, "stream_id": "main" }));
    // Another account can serve the whole conversation, so that asking again is worth it.
    assert_eq!((&told["type"], &told["status"]), (&json!("error"), &json!(503)), "{told}");
    assert_eq!((&told["error"]["code"], &told["stream_id"]), (&json!("resource_owner_unavailable"), &json!("main")));
    assert_eq!(pool.served_by(), [Some(1)]);
    check_completed(&last(&mut socket, &json!({})));
    assert_eq!(pool.served_by(), [Some(1), Some(2)]);

    let alone = Pool::new(1);
    let sidecar = alone.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    let id = last(&mut socket, &json!({}))["response"]["id"].clone();
    alone.script(1, limited());
    let told = last(&mut socket, &json!({ "previous_response_id": id }));
    assert_eq!(
        (&told["status"], &told["error"]["code"]),
        (&json!(429), &json!("resource_owner_unavailable")),
        "{told}"
    );
    assert!(told["headers"]["retry-after"].is_string(), "{told}");
}

#[test]
fn a_turn_whose_connection_is_gone_is_to_send_its_whole_conversation() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    let id = last(&mut socket, &json!({}))["response"]["id"].clone();
    pool.script(1, Answer::Broken(Breakage::CutBeforeAnswer));
    let told = last(&mut socket, &json!({ "previous_response_id": id }));
    assert_eq!(
        (&told["status"], &told["error"]["code"]),
        (&json!(400), &json!("previous_response_not_found")),
        "{told}"
    );
    check_completed(&last(&mut socket, &json!({})));
    assert_eq!(pool.served_by(), [Some(1), Some(1)]);
}

#[test]
fn an_error_of_the_request_itself_is_the_clients() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    let told = last(&mut socket, &json!({ "previous_response_id": "resp_unknown" }));
    assert_eq!((&told["type"], &told["error"]["code"]), (&json!("error"), &json!("previous_response_not_found")));
    check_completed(&last(&mut socket, &json!({})));
    assert_eq!(pool.served_by(), [Some(1)]);
}

#[test]
fn a_switch_by_hand_moves_the_next_turn() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    check_completed(&last(&mut socket, &json!({})));
    sidecar.request("accounts/switch", &json!({ "account": 2 })).unwrap();
    check_completed(&last(&mut socket, &json!({})));
    assert_eq!(pool.served_by(), [Some(1), Some(2)]);
}

#[test]
fn a_limit_in_dollars_is_exact_from_one_turn_to_the_next() {
    let pool = Pool::new(2);
    pool.sandbox.run(&["edit", "1", "--daily-limit", "0.000001"]).ok();
    let sidecar = pool.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    for _ in 0..2 {
        check_completed(&last(&mut socket, &json!({})));
    }
    assert_eq!(pool.served_by(), [Some(1), Some(2)], "the first turn spent what the account may");
    let listed = pool.sandbox.run(&["list", "--json"]).ok().json();
    assert_eq!(listed["accounts"][0]["state"], "overLimit");
}

#[test]
fn a_model_that_the_account_is_not_for_goes_elsewhere() {
    let pool = Pool::new(2);
    pool.sandbox.run(&["edit", "1", "--model", "gpt-4*"]).ok();
    let sidecar = pool.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    check_completed(&last(&mut socket, &json!({})));
    assert_eq!(pool.served_by(), [Some(1), Some(2)]);
}

#[test]
fn messages_wait_for_the_response_before_them() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    for _ in 0..3 {
        socket.say(&create(&json!({})));
    }
    for _ in 0..3 {
        check_completed(&socket.response().pop().unwrap());
    }
    eventually("each is accounted", || {
        let listed = pool.sandbox.run(&["list", "--json"]).ok().json();
        (listed["accounts"][0]["usage"]["today"]["requests"] == 3).then_some(())
    });
}
