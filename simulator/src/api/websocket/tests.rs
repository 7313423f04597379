//! The sockets as a client of their own sees them.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::super::{Answer, Breakage, DEFAULT_TEXT, LimitKind, Outcome, SimulatedOpenAi, Wait};
use crate::websocket::testing::{self, Socket, events, say};

const KEY: &str = "sk-simulated-one";
const BEARER: (&str, &str) = ("authorization", "Bearer sk-simulated-one");

async fn handshake(server: &SimulatedOpenAi, path: &str) -> hyper::Response<hyper::body::Incoming> {
    testing::handshake(&format!("{}{path}", server.base_url()), &[BEARER]).await
}

async fn open(server: &SimulatedOpenAi, path: &str) -> Socket {
    testing::open(&format!("{}{path}", server.base_url()), &[BEARER]).await
}

fn create(extra: &Value) -> Value {
    let mut message = json!({ "type": "response.create", "model": "gpt-5.4", "input": "hello", "store": false });
    message.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
    message
}

fn server() -> SimulatedOpenAi {
    let server = SimulatedOpenAi::start().unwrap();
    server.add_key(KEY);
    server
}

#[tokio::test]
async fn a_response_has_the_events_of_a_stream_and_continues_what_its_socket_made() {
    let server = server();
    let mut socket = open(&server, "/v1/responses").await;
    say(&mut socket, &create(&json!({ "generate": false }))).await;
    let warm_up = events(&mut socket).await;
    let kinds: Vec<&str> = warm_up.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["response.created", "response.in_progress", "response.completed"]);
    let id = warm_up[0]["response"]["id"].clone();

    say(&mut socket, &create(&json!({ "previous_response_id": id }))).await;
    let said = events(&mut socket).await;
    let last = &said.last().unwrap()["response"];
    assert_eq!(last["output"][0]["content"][0]["text"], DEFAULT_TEXT);
    assert_eq!((&last["previous_response_id"], &said[0]["type"]), (&id, &json!("response.created")));
    assert!(last["usage"]["input_tokens"].as_u64().unwrap() > 0);

    let mut other = open(&server, "/v1/responses").await;
    say(&mut other, &create(&json!({ "previous_response_id": id }))).await;
    let refused = events(&mut other).await;
    assert_eq!((&refused[0]["type"], &refused[0]["status"]), (&json!("error"), &json!(400)));
    assert_eq!(refused[0]["error"]["code"], "previous_response_not_found");
    assert_eq!(server.requests()[0].messages.len(), 2);
}

#[tokio::test]
async fn what_is_stored_is_continued_in_another_socket() {
    let server = server();
    let mut socket = open(&server, "/v1/responses").await;
    say(&mut socket, &create(&json!({ "store": true }))).await;
    let id = events(&mut socket).await[0]["response"]["id"].clone();
    let mut other = open(&server, "/v1/responses").await;
    say(&mut other, &create(&json!({ "previous_response_id": id }))).await;
    assert_eq!(events(&mut other).await.last().unwrap()["type"], "response.completed");
}

#[tokio::test]
async fn a_handshake_is_refused_and_a_socket_is_spoiled_as_scripted() {
    let server = server();
    let limit = Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(20)), kind: LimitKind::Tokens };
    for (answer, status) in [(limit.clone(), 429), (Answer::InvalidKey, 401), (Answer::Overloaded, 503)] {
        server.script(KEY, answer);
        assert_eq!(handshake(&server, "/v1/responses").await.status(), status);
    }
    assert_eq!(handshake(&server, "/v1/files").await.status(), 426);

    server.script(KEY, Answer::Normal);
    server.script(KEY, limit);
    server.script(KEY, Answer::Broken(Breakage::CutMidStream { after_events: 3 }));
    let mut socket = open(&server, "/v1/responses").await;
    say(&mut socket, &create(&json!({}))).await;
    let limited = &events(&mut socket).await[0];
    assert_eq!((&limited["status"], &limited["headers"]["retry-after"]), (&json!(429), &json!("20")));
    say(&mut socket, &create(&json!({}))).await;
    assert_eq!(events(&mut socket).await.len(), 3);
    assert_eq!(server.requests().last().unwrap().outcome, Outcome::Cut);
}

#[tokio::test]
async fn a_long_message_comes_in_frames_and_pings_are_answered() {
    let server = server();
    server.script(KEY, Answer::Broken(Breakage::LongLine { bytes: 300_000 }));
    let mut socket = open(&server, "/v1/responses").await;
    socket.send(Message::Ping("are you there".into())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Pong("are you there".into()));
    say(&mut socket, &create(&json!({}))).await;
    let events = events(&mut socket).await;
    assert_eq!(events[0]["padding"].as_str().unwrap().len(), 300_000);
    assert_eq!(events.last().unwrap()["type"], "response.completed");
    socket.close(None).await.unwrap();
    while socket.next().await.is_some() {}
    assert_eq!(server.requests()[0].outcome, Outcome::Completed);
}

#[tokio::test]
async fn a_realtime_session_greets_and_answers() {
    let server = server();
    let mut socket = open(&server, "/v1/realtime?model=gpt-realtime-2").await;
    let greeting: Value = serde_json::from_str(socket.next().await.unwrap().unwrap().to_text().unwrap()).unwrap();
    assert_eq!(
        (&greeting["type"], &greeting["session"]["model"]),
        (&json!("session.created"), &json!("gpt-realtime-2"))
    );
    say(&mut socket, &json!({ "type": "response.create" })).await;
    let events = events(&mut socket).await;
    let last = &events.last().unwrap()["response"];
    assert_eq!(last["output"][0]["content"][0]["text"], DEFAULT_TEXT);
    assert!(last["usage"]["output_tokens"].as_u64().unwrap() > 0);
}
