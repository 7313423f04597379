//! A socket with ChatGPT logins: the same turns in the backend's words.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Answer, DEFAULT_TEXT, ToolCall};

use super::create;
use crate::support::logins::Logins;
use crate::support::websocket::WebSocket;
use crate::support::{eventually, tools};

fn ask(extra: &Value) -> Value {
    let mut message = create(extra);
    message["model"] = json!("gpt-5.2-codex");
    message
}

fn messages(logins: &Logins) -> Vec<Vec<Value>> {
    let requests = logins.upstream.requests_of("/backend-api/codex/responses");
    let read = |text: &String| serde_json::from_str(text).unwrap();
    requests.iter().map(|request| request.messages.iter().map(read).collect()).collect()
}

#[track_caller]
fn check_completed(events: &[Value]) -> Value {
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.completed", "{events:?}");
    assert_eq!(last["response"]["output"].as_array().map(Vec::is_empty), Some(false), "{last}");
    last["response"]["id"].clone()
}

#[test]
fn a_login_serves_turns_that_go_on_from_one_another() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    socket.say(&ask(&json!({ "temperature": 0.5, "stream_id": "main" })));
    let events = socket.response();
    let id = check_completed(&events);
    let created = events.iter().find(|event| event["type"] == "response.created").unwrap();
    assert_eq!(created["headers"]["x-dropped-parameters"], "temperature");
    assert_eq!(created["headers"]["x-account-id"], json!(logins.ids[0]));
    assert!(events.iter().all(|event| event["stream_id"] == "main"), "{events:?}");
    socket.say(&ask(&json!({ "previous_response_id": id })));
    check_completed(&socket.response());

    let requests = logins.upstream.requests_of("/backend-api/codex/responses");
    assert_eq!(requests.len(), 1);
    let header = |name: &str| requests[0].header(name).unwrap_or_default().to_owned();
    assert_eq!(header("openai-beta"), "responses_websockets=2026-02-06");
    assert!(!header("session-id").is_empty() && !header("version").is_empty());
    let messages = &messages(&logins)[0];
    let keys: Vec<&Value> = messages.iter().map(|message| &message["prompt_cache_key"]).collect();
    assert!(keys[0].is_string() && keys[0] == keys[1], "{keys:?}");
    for message in messages {
        assert_eq!((&message["type"], &message["instructions"]), (&json!("response.create"), &json!("")));
        assert_eq!((&message["store"], message.get("stream_id")), (&json!(false), None));
    }
    eventually("each turn is accounted", || (logins.listed(1)["usage"]["today"]["requests"] == 2).then_some(()));
}

#[test]
fn a_turn_goes_to_the_next_login() {
    for (answer, renewed) in [
        (Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3600) }, false),
        (Answer::ModelNotSupported, false),
        (Answer::Overloaded, false),
        (Answer::FailInStream { after_events: 2, code: "server_is_overloaded".into(), message: "no".into() }, false),
        (Answer::Unauthorized { code: None }, true),
    ] {
        let logins = Logins::new(2);
        let sidecar = logins.sidecar();
        let mut socket = WebSocket::open(&sidecar, "/v1/responses");
        socket.say(&ask(&json!({})));
        check_completed(&socket.response());
        logins.upstream.script(logins.accounts[0], answer.clone());
        socket.say(&ask(&json!({})));
        check_completed(&socket.response());
        let second = if renewed { 1 } else { 2 };
        assert_eq!(logins.served_by(), [1, second], "{answer:?}");
        assert_eq!(logins.upstream.token_calls().len(), usize::from(renewed), "{answer:?}");
    }
}

#[test]
fn a_turn_that_a_login_alone_knows_ends_with_what_to_do() {
    let logins = Logins::new(2);
    let sidecar = logins.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    socket.say(&ask(&json!({})));
    let id = check_completed(&socket.response());
    logins
        .upstream
        .script(logins.accounts[0], Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3600) });
    socket.say(&ask(&json!({ "previous_response_id": id })));
    let told = socket.response().pop().unwrap();
    assert_eq!(
        (&told["status"], &told["error"]["code"]),
        (&json!(503), &json!("resource_owner_unavailable")),
        "{told}"
    );
    // Nothing of it is stored, so that no other connection could go on from it.
    let mut other = WebSocket::open(&sidecar, "/v1/responses");
    other.say(&ask(&json!({ "previous_response_id": id })));
    let told = other.response().pop().unwrap();
    assert_eq!(told["type"], "error", "{told}");
    assert_eq!(logins.listed(1)["state"], "rateLimited");
}

#[test]
fn a_login_that_a_handshake_finds_limited_makes_room_for_the_next() {
    let logins = Logins::new(2);
    let sidecar = logins.sidecar();
    let limit = Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3600) };
    logins.upstream.script_handshake(logins.accounts[0], limit);
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    assert_eq!(socket.head.header("x-account-id"), Some(logins.ids[1].as_str()));
    socket.say(&ask(&json!({})));
    check_completed(&socket.response());
}

#[test]
fn what_is_not_for_a_login_is_refused_in_its_turn() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    socket.say(&ask(&json!({ "conversation": "conv_1" })));
    let told = socket.response().pop().unwrap();
    assert_eq!((&told["type"], &told["status"]), (&json!("error"), &json!(400)), "{told}");
    assert_eq!(told["error"]["param"], "conversation");
    socket.say(&ask(&json!({})));
    check_completed(&socket.response());
}

/// It warms up, calls a tool, goes on, meets a limit in the midst of its turn and is served by the next login.
#[test]
fn codex_speaks_over_a_socket_of_logins_through_a_failover() {
    let Some(codex) = tools::codex() else { return };
    let logins = Logins::new(2);
    let sidecar = logins.sidecar();
    let arguments = json!({ "cmd": "echo called" }).to_string();
    let call = Answer::CallTools(vec![ToolCall { name: "exec_command".into(), arguments }]);
    logins.upstream.script(logins.accounts[0], call);
    logins
        .upstream
        .script(logins.accounts[0], Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3600) });
    let output = tools::codex_by_socket(&logins.sandbox, &sidecar, &codex);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.stdout.trim(), DEFAULT_TEXT, "{output:?}");
    let requests = logins.upstream.requests_of("/backend-api/codex/responses");
    assert!(requests.iter().all(|request| request.method == "GET"), "all of it went through sockets");
    assert_eq!(logins.served_by(), [1, 2]);
    let last = messages(&logins)[1].last().cloned().unwrap();
    assert!(last["input"].to_string().contains("called"), "the whole conversation was sent again: {last}");
}
