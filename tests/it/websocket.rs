//! The WebSockets through the proxy: one on `/v1/responses` is served turn by turn, one on `/v1/realtime` is a tunnel, and
//! where no account can serve a socket clients are told to use HTTP.

mod codex;
mod ending;
mod handshake;
mod logins;
mod passing;
mod turns;

use serde_json::{Value, json};

/// A message that asks for a response.
fn create(extra: &Value) -> Value {
    let mut message = json!({ "type": "response.create", "model": "gpt-5.4", "input": "hello", "store": false });
    message.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
    message
}
