//! What has begun with a key that is taken back meanwhile: it is over, unless its answer is under way.

use api::{Answer, Breakage};
use serde_json::json;
use simulated_openai::api;

use super::{Proxy, configure, entry, pool};
use crate::support::eventually;
use crate::support::http::Connection;
use crate::support::websocket::{Message, WebSocket};

#[test]
fn a_request_whose_body_is_slow_ends_when_its_key_is_replaced() {
    let replaced = |accounts: &str| entry("ci", accounts).replace("sk-ci-key", "sk-rotated");
    for (kind, after) in [
        ("application/json", replaced("")),
        ("application/json", entry("home", "")),
        // Not waited for: it passes as it comes.
        ("application/octet-stream", replaced("accounts = [\"spare\"]")),
    ] {
        let pool = pool(&entry("ci", ""));
        let proxy = Proxy::start(&pool, &[]);
        let mut connection = Connection::open(proxy.port);
        let head = format!(
            "POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nx-api-key: sk-ci-key\r\ncontent-type: {kind}\r\n\
             expect: 100-continue\r\ncontent-length: 100\r\n\r\n",
            proxy.port
        );
        connection.send(head.as_bytes()).unwrap();
        assert_eq!(connection.head().unwrap().status, 100, "{kind}");
        connection.send(b"{").unwrap();
        configure(&pool, &after);
        // It does not take the rest of the body.
        let head = connection.head().unwrap();
        let told = String::from_utf8(connection.body().unwrap()).unwrap();
        assert!(head.status == 401 && told.contains("it may have been taken back"), "{kind}: {head:?} {told}");
    }
}

#[test]
fn an_entry_that_changes_gives_a_request_that_has_begun_no_more() {
    let pool = pool(&entry("ci", "accounts = [\"work\"]"));
    let proxy = Proxy::start(&pool, &[]);
    let mut connection = Connection::open(proxy.port);
    let head = format!(
        "POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nx-api-key: sk-ci-key\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\ncontent-length: 30\r\n\r\n",
        proxy.port
    );
    connection.send(head.as_bytes()).unwrap();
    assert_eq!(connection.head().unwrap().status, 100);
    configure(&pool, &entry("ci", "accounts = [\"spare\"]"));
    eventually("the entry is followed", || {
        let response = proxy.ask("sk-ci-key");
        (response.header("x-account-id") == Some(&pool.ids[3])).then_some(())
    });
    pool.upstream.traffic().clear_requests();
    connection.send(br#"{"model":"gpt-5","input":"hi"}"#).unwrap();
    let head = connection.head().unwrap();
    let told = String::from_utf8(connection.body().unwrap()).unwrap();
    assert_eq!(head.status, 503, "{told}");
    assert!(pool.upstream.requests().is_empty());
}

#[test]
fn what_is_said_in_a_turn_does_not_pass_once_the_key_is_gone() {
    const BEGUN: usize = 6;
    let pool = pool(&entry("ci", ""));
    let proxy = Proxy::start(&pool, &[]);
    pool.script(1, Answer::Broken(Breakage::HangMidStream { after_events: BEGUN }));
    let mut socket = WebSocket::open_at((proxy.port, "sk-ci-key"), "/v1/responses");
    socket.say(&json!({ "type": "response.create", "model": "gpt-5", "input": "x" }));
    for _ in 0..BEGUN {
        socket.event().unwrap();
    }
    configure(&pool, &entry("home", ""));
    eventually("the key is gone", || (proxy.ask("sk-ci-key").status() == 401).then_some(()));
    socket.say(&json!({ "type": "conversation.item.create", "item": "secret" }));
    assert_eq!(socket.next().unwrap(), Message::Close);
    let sent = pool.upstream.requests().iter().map(|request| request.messages.len()).sum::<usize>();
    assert_eq!(sent, 1);
}
