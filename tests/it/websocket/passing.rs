//! What passes through a socket, and what is learned from it.

use std::time::Duration;

use serde_json::json;
use simulated_openai::api::{Answer, Breakage, DEFAULT_TEXT, LimitKind, Wait};

use super::create;
use crate::support::http;
use crate::support::process::resident_kib;
use crate::support::websocket::{CLOSE, Message, PING, WebSocket};
use crate::support::{Pool, eventually};

#[test]
fn responses_continue_one_another_and_are_accounted_one_by_one() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    socket.say(&create(&json!({ "generate": false })));
    let id = socket.response()[0]["response"]["id"].clone();
    let (mut input, mut output) = (0, 0);
    for _ in 0..2 {
        socket.say(&create(&json!({ "previous_response_id": id })));
        let last = socket.response().pop().unwrap();
        assert_eq!(last["response"]["output"][0]["content"][0]["text"], DEFAULT_TEXT);
        input += last["response"]["usage"]["input_tokens"].as_u64().unwrap();
        output += last["response"]["usage"]["output_tokens"].as_u64().unwrap();
    }
    assert_eq!(pool.upstream.requests()[0].messages.len(), 3);
    eventually("the ledger has two responses", || {
        let listed = sidecar.request("accounts/list", &json!({})).unwrap();
        let today = &listed["accounts"][0]["usage"]["today"];
        let expected = json!([2, input, output]);
        (json!([today["requests"], today["inputTokens"], today["outputTokens"]]) == expected).then_some(())
    });
    socket.frame(CLOSE, &1000_u16.to_be_bytes()).unwrap();
    assert_eq!(socket.next().unwrap(), Message::Close);
    for status in [200, 200, 101] {
        let finished = sidecar.wait_notification("routing/didFinish");
        assert_eq!((&finished["status"], &finished["account"]), (&json!(status), &json!(pool.ids[0])));
    }
}

#[test]
fn messages_pass_as_they_are_however_they_are_cut() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::Broken(Breakage::LongLine { bytes: 300_000 }));
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    socket.frame(PING, b"are you there").unwrap();
    assert_eq!(socket.next().unwrap(), Message::Pong(b"are you there".to_vec()));
    // A head of HTTP, and one that would be spoiled, are words like others here.
    let words = "\r\n\r\nPOST / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n".repeat(2000);
    let message = create(&json!({ "input": words })).to_string();
    let (first, second) = message.as_bytes().split_at(70_000);
    socket.frame(0x01, first).unwrap();
    socket.frame(PING, b"").unwrap();
    socket.frame(0x80, second).unwrap();
    assert_eq!(socket.next().unwrap(), Message::Pong(Vec::new()));
    let events = socket.response();
    assert_eq!(events[0]["padding"].as_str().unwrap().len(), 300_000);
    assert_eq!(events.last().unwrap()["type"], "response.completed");
    assert_eq!(pool.upstream.requests()[0].messages, [message]);
}

#[test]
fn a_message_that_is_longer_than_any_ends_its_response_and_not_the_memory() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    for _ in 0..2 {
        pool.script(1, Answer::Broken(Breakage::LongLine { bytes: 400 * 1024 * 1024 }));
    }
    socket.say(&create(&json!({})));
    let told = socket.event().unwrap();
    assert_eq!((&told["type"], &told["error"]["code"]), (&json!("error"), &json!("upstream_unreachable")), "{told}");
    let resident = resident_kib(sidecar.pid()).unwrap();
    assert!(resident < 128 * 1024, "{resident} KiB");
    // What a client says is bounded too, before it is all there.
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    let piece = vec![b' '; 1024 * 1024];
    socket.frame(0x01, b"{").unwrap();
    while socket.frame(0x00, &piece).is_ok() {}
}

#[test]
fn a_limit_that_a_turn_meets_sends_it_and_what_comes_elsewhere() {
    let limit = Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(3600)), kind: LimitKind::Tokens };
    let failure =
        Answer::FailInStream { after_events: 2, code: "insufficient_quota".to_owned(), message: "no".to_owned() };
    for (answer, state) in [(limit, "rateLimited"), (failure, "coolingDown")] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        let mut socket = WebSocket::open(&sidecar, "/v1/responses");
        pool.script(1, answer);
        socket.say(&create(&json!({})));
        let told = socket.response();
        assert_eq!(told.last().unwrap()["type"], "response.completed", "{told:?}");
        assert_eq!(told[0]["headers"]["x-account-id"], json!(pool.ids[1]));
        assert_eq!(told[0]["headers"]["x-retry-count"], "1");
        eventually("the account is out", || {
            let listed = pool.sandbox.run(&["list", "--json"]).ok().json();
            (listed["accounts"][0]["state"] == state).then_some(())
        });
        // A handshake names no model, and a turn does.
        let mut other = WebSocket::open(&sidecar, "/v1/responses");
        other.say(&create(&json!({})));
        assert_eq!(other.response()[0]["headers"]["x-account-id"], json!(pool.ids[1]));
        let body = json!({ "model": create(&json!({}))["model"], "input": "hello" });
        let response = http::post(sidecar.port(), "/v1/responses", sidecar.api_key(), &body);
        assert_eq!(response.header("x-account-id"), Some(pool.ids[1].as_str()));
    }
}

#[test]
fn what_a_socket_made_stays_with_its_account() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    socket.say(&create(&json!({ "store": true })));
    let id = socket.response()[0]["response"]["id"].as_str().unwrap().to_owned();
    socket.say(&create(&json!({ "store": false })));
    let unstored = socket.response()[0]["response"]["id"].as_str().unwrap().to_owned();
    drop(socket);
    sidecar.request("accounts/switch", &json!({ "account": 2 })).unwrap();
    eventually("its owner is known", || {
        let body = json!({ "model": "gpt-5.4", "input": "more", "previous_response_id": id });
        let response = http::post(sidecar.port(), "/v1/responses", sidecar.api_key(), &body);
        (response.status() == 200).then(|| {
            assert_eq!(response.header("x-account-id"), Some(pool.ids[0].as_str()));
        })
    });
    let body = json!({ "model": "gpt-5.4", "input": "more", "previous_response_id": unstored });
    let response = http::post(sidecar.port(), "/v1/responses", sidecar.api_key(), &body);
    assert_eq!(response.header("x-account-id"), Some(pool.ids[1].as_str()), "nobody owns what was not kept");
}

#[test]
fn a_realtime_session_passes_and_is_accounted_by_its_model() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/realtime?model=gpt-realtime");
    assert_eq!(socket.event().unwrap()["session"]["model"], "gpt-realtime");
    assert_eq!(sidecar.wait_notification("routing/didSelect")["model"], "gpt-realtime");
    socket.say(&json!({ "type": "response.create" }));
    let last = socket.response().pop().unwrap();
    assert_eq!(last["response"]["output"][0]["content"][0]["text"], DEFAULT_TEXT);
    eventually("the ledger has it", || {
        let listed = sidecar.request("accounts/list", &json!({})).unwrap();
        let today = &listed["accounts"][0]["usage"]["today"];
        (today["inputTokens"] == last["response"]["usage"]["input_tokens"]).then_some(())
    });
}
