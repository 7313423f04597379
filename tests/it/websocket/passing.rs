//! What passes through a tunnel, and what is learned from it.

use std::time::Duration;

use codex_account_manager::demo::simulated_openai::{Answer, Breakage, DEFAULT_TEXT, LimitKind, Wait};
use serde_json::json;

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
    let finished = sidecar.wait_notification("routing/didFinish");
    assert_eq!((&finished["status"], &finished["account"]), (&json!(101), &json!(pool.ids[0])));
}

#[test]
fn frames_pass_as_they_are() {
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
fn a_slow_reader_slows_the_upstream_and_memory_stays_flat() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::Broken(Breakage::LongLine { bytes: 400 * 1024 * 1024 }));
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    socket.say(&create(&json!({})));
    socket.skip(8 * 1024 * 1024).unwrap();
    let resident = resident_kib(sidecar.pid()).unwrap();
    assert!(resident < 64 * 1024, "{resident} KiB");
}

#[test]
fn a_limit_that_a_socket_tells_sends_the_next_one_elsewhere() {
    let limit = Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(3600)), kind: LimitKind::Tokens };
    let failure =
        Answer::FailInStream { after_events: 2, code: "insufficient_quota".to_owned(), message: "no".to_owned() };
    for (answer, state) in [(limit, "rateLimited"), (failure, "coolingDown")] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        pool.script(1, Answer::Normal);
        pool.script(1, answer);
        let mut socket = WebSocket::open(&sidecar, "/v1/responses");
        socket.say(&create(&json!({})));
        let told = socket.response().pop().unwrap();
        assert!(told["type"] == "error" || told["type"] == "response.failed", "{told}");
        eventually("the account is out", || {
            let listed = pool.sandbox.run(&["list", "--json"]).ok().json();
            (listed["accounts"][0]["state"] == state).then_some(())
        });
        let other = WebSocket::open(&sidecar, "/v1/responses");
        assert_eq!(other.head.header("x-account-id"), Some(pool.ids[1].as_str()));
        // Over HTTP the model says it.
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
