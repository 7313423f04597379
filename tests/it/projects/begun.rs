//! What has begun when another rule comes to hold: it keeps to what was allowed when its first bytes came, and to what is allowed by now.

use std::time::Duration;

use api::{Answer, Breakage};
use serde_json::{Value, json};
use simulated_openai::api;

use super::living::{allowed, becomes, uri};
use super::{WORK, pool, sidecar_in};
use crate::support::http::Connection;
use crate::support::upstream::ask;
use crate::support::websocket::{Message, PING, TEXT, WebSocket};
use crate::support::{Pool, Sidecar, eventually};

/// Accounts 1 and 2 in one folder, 3 and 4 in the other.
fn rules() -> String {
    format!("{WORK}[[projects]]\npath = \"~/private/**\"\naccounts = [\"!work\"]\n")
}

/// The editor's folder becomes another one.
fn moves(pool: &Pool, sidecar: &mut Sidecar, from: &str, to: &str) {
    let event = json!({ "added": [uri(pool, to)], "removed": [uri(pool, from)] });
    sidecar.notify("workspace/didChangeWorkspaceFolders", &json!({ "event": event }));
    becomes(sidecar, to, if to == "work" { &[1, 2] } else { &[3, 4] });
}

/// What was sent to accounts.
fn sent(pool: &Pool) -> Vec<String> {
    pool.upstream.requests().iter().flat_map(|request| request.messages.clone()).collect()
}

fn turn(input: &str) -> Value {
    json!({ "type": "response.create", "model": "gpt-5", "input": input })
}

/// The turn is refused because of both rules.
#[track_caller]
fn check_refused(told: &str) {
    assert!(told.contains("Rule 1 (`") && told.contains("rule 2 (`"), "{told}");
    assert!(told.contains("have no account in common") && told.contains("no_available_accounts"), "{told}");
}

#[test]
fn a_request_whose_body_is_slow_keeps_to_the_folder_of_its_head() {
    let pool = pool(&rules());
    let mut sidecar = sidecar_in(&pool, &["work"], &json!({}));
    let body = json!({ "model": "gpt-5", "input": "secret" }).to_string();
    let (first, last) = body.as_bytes().split_at(body.len() / 2);
    for is_chunked in [false, true] {
        let mut connection = Connection::open(sidecar.port());
        let length = format!("content-length: {}", body.len());
        let framing = if is_chunked { "transfer-encoding: chunked" } else { length.as_str() };
        let head = format!(
            "POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {}\r\ncontent-type: \
             application/json\r\nexpect: 100-continue\r\n{framing}\r\n\r\n",
            sidecar.port(),
            sidecar.api_key()
        );
        connection.send(head.as_bytes()).unwrap();
        // Its body is waited for.
        assert_eq!(connection.head().unwrap().status, 100);
        let piece = |bytes: &[u8]| {
            let size = format!("{:x}\r\n", bytes.len());
            if is_chunked { [size.as_bytes(), bytes, b"\r\n"].concat() } else { bytes.to_vec() }
        };
        connection.send(&piece(first)).unwrap();
        moves(&pool, &mut sidecar, "work", "private");
        connection.send(&piece(last)).unwrap();
        if is_chunked {
            connection.send(b"0\r\n\r\n").unwrap();
        }
        let head = connection.head().unwrap();
        let told = String::from_utf8(connection.body().unwrap()).unwrap();
        assert_eq!((head.status, head.header("x-account-set")), (503, Some("work")), "{told}");
        check_refused(&told);
        assert!(pool.upstream.requests().is_empty());
        assert!(ask(&pool, &sidecar, "gpt-5") >= 3, "the next one is of this folder");
        pool.upstream.traffic().clear_requests();
        moves(&pool, &mut sidecar, "private", "work");
    }
}

#[test]
fn a_turn_keeps_to_the_folder_that_its_message_came_in() {
    let pool = pool(&rules());
    let mut sidecar = sidecar_in(&pool, &["work"], &json!({}));
    // One waits for the one before it.
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    (1..=2).for_each(|number| pool.script(number, Answer::Slow(Duration::from_secs(2))));
    socket.say(&turn("first"));
    eventually("the first is under way", || (sent(&pool).len() == 1).then_some(()));
    socket.say(&turn("second"));
    // The message has come: what comes after it on the same connection was seen.
    socket.frame(PING, b"x").unwrap();
    assert_eq!(socket.next().unwrap(), Message::Pong(b"x".to_vec()));
    moves(&pool, &mut sidecar, "work", "private");
    let answered = socket.response().pop().unwrap();
    assert_eq!(answered["type"], "response.completed", "{answered}");
    let refused = socket.response().pop().unwrap();
    assert_eq!(refused["status"], 503, "{refused}");
    check_refused(&refused.to_string());
    assert_eq!(sent(&pool).len(), 1, "{:?}", sent(&pool));
    socket.say(&turn("third"));
    assert_eq!(socket.response().pop().unwrap()["type"], "response.completed");
    assert!(pool.served_by().last().unwrap() >= &Some(3));
}

#[test]
fn half_a_message_keeps_to_the_folder_that_it_began_in() {
    let pool = pool(&rules());
    let mut sidecar = sidecar_in(&pool, &["work"], &json!({}));
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    let text = turn("secret").to_string();
    let (first, last) = text.as_bytes().split_at(text.len() / 2);
    socket.frame(TEXT & 0x7f, first).unwrap();
    // What came later was served: that has come too.
    assert!(ask(&pool, &sidecar, "gpt-5") <= 2);
    moves(&pool, &mut sidecar, "work", "private");
    socket.frame(0x80, last).unwrap();
    check_refused(&socket.response().pop().unwrap().to_string());
    assert_eq!(sent(&pool), [""; 0]);
}

#[test]
fn what_is_said_in_a_turn_does_not_reach_an_account_that_was_left_out() {
    const BEGUN: usize = 6;
    let pool = pool(&rules());
    let mut sidecar = sidecar_in(&pool, &["private"], &json!({}));
    for number in [3, 4] {
        pool.script(number, Answer::Broken(Breakage::HangMidStream { after_events: BEGUN }));
    }
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    socket.say(&turn("hello"));
    for _ in 0..BEGUN {
        socket.event().unwrap();
    }
    moves(&pool, &mut sidecar, "private", "work");
    socket.say(&json!({ "type": "conversation.item.create", "item": "secret" }));
    assert_eq!(socket.next().unwrap(), Message::Close);
    assert_eq!(sent(&pool).len(), 1, "{:?}", sent(&pool));
    assert_eq!(allowed(&mut sidecar), [1, 2]);
}

#[test]
fn a_tunnel_says_nothing_more_once_the_session_was_told_of_another_folder() {
    let pool = pool(&rules());
    let mut sidecar = sidecar_in(&pool, &["private"], &json!({}));
    let mut socket = WebSocket::open(&sidecar, "/v1/realtime?model=gpt-realtime");
    assert_eq!(socket.event().unwrap()["type"], "session.created");
    moves(&pool, &mut sidecar, "private", "work");
    // It may be gone already.
    drop(socket.frame(TEXT, br#"{"type":"conversation.item.create","item":"secret"}"#));
    assert!(!matches!(socket.next(), Ok(Message::Text(_))));
    assert_eq!(sent(&pool), [""; 0]);
}
