//! The socket of the backend.

use std::time::Duration;

use serde_json::{Value, json};

use super::{RESPONSES, ada, request};
use crate::chatgpt::{Account, Answer, Breakage, SimulatedChatGpt, ToolCall};
use crate::websocket::testing::{self, Socket, events, say};

fn server() -> SimulatedChatGpt {
    SimulatedChatGpt::start().unwrap()
}

async fn handshake(server: &SimulatedChatGpt, account: Account, beta: &str) -> (u16, Option<Socket>) {
    let authorization = format!("Bearer {}", server.tokens(account).access_token);
    let id = server.login(account).account_id;
    let headers = [
        ("authorization", authorization.as_str()),
        ("chatgpt-account-id", &id),
        ("openai-beta", beta),
        ("version", "0.171.0"),
    ];
    let url = format!("{}{RESPONSES}", server.base_url());
    let status = testing::handshake(&url, &headers).await.status().as_u16();
    (status, if status == 101 { Some(testing::open(&url, &headers).await) } else { None })
}

async fn open(server: &SimulatedChatGpt, account: Account) -> Socket {
    handshake(server, account, "responses_websockets=2026-02-06").await.1.unwrap()
}

fn create(changes: &Value) -> Value {
    let mut message = request();
    message["type"] = json!("response.create");
    message.as_object_mut().unwrap().extend(changes.as_object().cloned().unwrap());
    message
}

/// The last event of the answer to a request with these changes.
async fn last(socket: &mut Socket, changes: &Value) -> Value {
    say(socket, &create(changes)).await;
    events(socket).await.pop().unwrap()
}

#[tokio::test]
async fn a_response_is_warmed_up_and_continued_in_its_socket_alone() {
    let server = server();
    let account = ada(&server).account;
    let mut socket = open(&server, account).await;
    let warm = last(&mut socket, &json!({ "generate": false, "input": [] })).await;
    assert_eq!((&warm["type"], &warm["response"]["usage"]["total_tokens"]), (&json!("response.completed"), &json!(0)));

    let called = ToolCall { name: "shell".into(), arguments: "{}".into() };
    server.script(account, Answer::CallTools(vec![called]));
    say(&mut socket, &create(&json!({ "previous_response_id": warm["response"]["id"] }))).await;
    let said = events(&mut socket).await;
    assert_eq!(said[0]["type"], "codex.rate_limits");
    let id = &said[1]["response"]["id"];
    let call = said.iter().rfind(|event| event["type"] == "response.output_item.done").unwrap();
    // The call stands in the response that is continued.
    let output = json!({ "type": "function_call_output", "call_id": call["item"]["call_id"], "output": "1" });
    let went_on = last(&mut socket, &json!({ "previous_response_id": id, "input": [output] })).await;
    assert_eq!(went_on["type"], "response.completed", "{went_on}");

    let missing = |event: &Value| {
        let code = &event["error"]["code"];
        assert_eq!((&event["status"], code), (&json!(400), &json!("previous_response_not_found")));
    };
    let before_last = last(&mut socket, &json!({ "previous_response_id": id })).await;
    missing(&before_last);
    let mut other = open(&server, account).await;
    missing(&last(&mut other, &json!({ "previous_response_id": went_on["response"]["id"] })).await);
}

#[tokio::test]
async fn a_limit_is_an_event_with_the_headers_that_it_has_over_http() {
    let server = server();
    let account = ada(&server).account;
    let mut socket = open(&server, account).await;
    server.script(account, Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(60) });
    let limit = last(&mut socket, &json!({})).await;
    assert_eq!((&limit["type"], &limit["status"]), (&json!("error"), &json!(429)));
    assert_eq!(limit["error"]["type"], "usage_limit_reached");
    assert_eq!(limit["headers"]["x-codex-primary-used-percent"], "100");
    // The socket stays.
    assert_eq!(last(&mut socket, &json!({})).await["type"], "response.completed");
    let refused = last(&mut socket, &json!({ "store": true })).await;
    let message = json!("Store must be set to false");
    assert_eq!((&refused["status"], &refused["error"]["message"]), (&json!(400), &message));
    server.script(account, Answer::Broken(Breakage::CutMidStream { after_events: 3 }));
    assert_eq!(last(&mut socket, &json!({})).await["type"], "response.output_item.added");
}

#[tokio::test]
async fn a_handshake_is_refused_without_its_beta_and_as_scripted() {
    let server = server();
    let account = ada(&server).account;
    let beta = "responses_websockets=2026-02-06";
    assert_eq!(handshake(&server, account, "responses=experimental").await.0, 426);
    server.script_handshake(account, Answer::Unauthorized { code: None });
    assert_eq!(handshake(&server, account, beta).await.0, 401);
    assert_eq!(handshake(&server, account, beta).await.0, 101);
    server.set_websocket(false);
    assert_eq!(handshake(&server, account, beta).await.0, 426);
}
