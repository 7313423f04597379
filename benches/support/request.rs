//! The requests of the load: bodies of 1 KB, as raw bytes, and how the upstream is told what to stream.

use std::net::SocketAddr;

use serde_json::{Value, json};

/// How long a body is, asked or answered.
pub const BODY_BYTES: usize = 1024;

/// How the upstream streams.
#[derive(Clone, Copy)]
pub struct Pace {
    /// How many events carry a time.
    pub events: u32,
    /// The pause between two.
    pub pause_micros: u32,
}

/// A chat completion that is answered whole.
pub fn whole(host: SocketAddr, key: &str) -> Vec<u8> {
    raw(host, key, json!({ "model": "gpt-5.4" }))
}

/// A chat completion that is streamed at this pace.
pub fn stream(host: SocketAddr, key: &str, pace: Pace) -> Vec<u8> {
    let metadata = json!({ "events": pace.events.to_string(), "pause_micros": pace.pause_micros.to_string() });
    raw(host, key, json!({ "model": "gpt-5.4", "stream": true, "metadata": metadata }))
}

/// What a body asks for; `None` when it is to be answered whole.
pub fn pace(body: &[u8]) -> Option<Pace> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let number = |name: &str| body["metadata"][name].as_str()?.parse().ok();
    Some(Pace { events: number("events")?, pause_micros: number("pause_micros")? })
}

fn raw(host: SocketAddr, key: &str, mut body: Value) -> Vec<u8> {
    body["messages"] = json!([{ "role": "user", "content": "" }]);
    let padding = BODY_BYTES.saturating_sub(body.to_string().len());
    body["messages"][0]["content"] = Value::String("x".repeat(padding));
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    (head + &body).into_bytes()
}
