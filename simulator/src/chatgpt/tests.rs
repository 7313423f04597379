//! Each door and each failure, seen through a raw socket as any client would.

mod account;
mod backend;
mod caller;
mod device;
mod endpoints;
mod faults;
mod lite;
mod meters;
mod models;
mod prompt_cache;
mod quota;
mod rules;
mod sign_in;
mod stream;
mod token;
mod websocket;

use std::io::Read;
use std::net::TcpStream;

use serde_json::{Value, json};

use super::{Account, Answer, CLIENT_ID, Login, SimulatedChatGpt, Tokens};
use crate::testing::{self, Seen, seen, until};

const RESPONSES: &str = "/backend-api/codex/responses";

fn server() -> SimulatedChatGpt {
    SimulatedChatGpt::start_on_thread().unwrap()
}

fn ada(server: &SimulatedChatGpt) -> Tokens {
    server.add_login(Login::new("ada@example.com", "acc-ada", "plus"))
}

fn bob(server: &SimulatedChatGpt) -> Tokens {
    server.add_login(Login::new("bob@example.com", "acc-bob", "pro"))
}

fn read(mut socket: TcpStream) -> Seen {
    let mut bytes = Vec::new();
    // A connection that is cut ends in an error; what came before it counts.
    let _ = socket.read_to_end(&mut bytes);
    seen(&String::from_utf8(bytes).unwrap())
}

fn get(server: &SimulatedChatGpt, path: &str, headers: &str) -> Seen {
    read(testing::open(&server.base_url(), "GET", path, headers, ""))
}

fn open_json(server: &SimulatedChatGpt, path: &str, headers: &str, body: &Value) -> TcpStream {
    let headers = format!("content-type: application/json\r\n{headers}");
    testing::open(&server.base_url(), "POST", path, &headers, body.to_string())
}

fn post(server: &SimulatedChatGpt, path: &str, headers: &str, body: &Value) -> Seen {
    read(open_json(server, path, headers, body))
}

fn post_bytes(server: &SimulatedChatGpt, path: &str, headers: &str, body: &[u8]) -> Seen {
    read(testing::open(&server.base_url(), "POST", path, headers, body))
}

fn post_form(server: &SimulatedChatGpt, path: &str, body: &str) -> Seen {
    let headers = "content-type: application/x-www-form-urlencoded\r\n";
    read(testing::open(&server.base_url(), "POST", path, headers, body))
}

fn refresh_body(refresh_token: &str) -> Value {
    json!({ "client_id": CLIENT_ID, "grant_type": "refresh_token", "refresh_token": refresh_token })
}

fn refresh(server: &SimulatedChatGpt, refresh_token: &str) -> Seen {
    post(server, "/oauth/token", "", &refresh_body(refresh_token))
}

/// The headers of a request of the backend.
fn bare_credentials(server: &SimulatedChatGpt, account: Account) -> String {
    let (token, id) = (server.tokens(account).access_token, server.login(account).account_id);
    format!("authorization: Bearer {token}\r\nchatgpt-account-id: {id}\r\n")
}

/// The same of a client of today.
fn credentials(server: &SimulatedChatGpt, account: Account) -> String {
    format!("{}version: 0.171.0\r\n", bare_credentials(server, account))
}

/// A request that the backend takes.
fn request() -> Value {
    json!({
        "model": "gpt-5.2-codex",
        "instructions": "Be brief.",
        "input": [{ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "hi" }] }],
        "store": false,
        "stream": true,
        "include": ["reasoning.encrypted_content"],
    })
}

/// The request with some parameters changed; `null` takes one out.
fn request_with(changes: &Value) -> Value {
    let mut request = request();
    for (name, value) in changes.as_object().unwrap() {
        request[name] = value.clone();
    }
    request.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    request
}

fn respond(server: &SimulatedChatGpt, account: Account, body: &Value) -> Seen {
    post(server, RESPONSES, &credentials(server, account), body)
}

/// The answer to one request that is scripted to get `answer`.
fn scripted(answer: Answer) -> Seen {
    let server = server();
    let account = ada(&server).account;
    server.script(account, answer);
    respond(&server, account, &request())
}
