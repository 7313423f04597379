//! The WebSocket through the proxy: the account is chosen at the handshake, the bytes pass, and where no account can serve
//! a socket clients are told to use HTTP.

mod codex;
mod ending;
mod handshake;
mod passing;

use serde_json::{Value, json};

/// A message that asks for a response.
fn create(extra: &Value) -> Value {
    let mut message = json!({ "type": "response.create", "model": "gpt-5.4", "input": "hello", "store": false });
    message.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
    message
}
