//! `/rpc`: the same methods for a second client, over `POST` and a WebSocket.

mod hostile;
mod post;
mod socket;

use serde_json::{Value, json};

use crate::support::{Pool, Sidecar};

/// The token of a sidecar's `/rpc`.
fn token(sidecar: &Sidecar) -> &str {
    sidecar.info["rpc"]["token"].as_str().unwrap()
}

/// A request as it goes over the wire.
fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

/// What the session of that kind wrote for its own user: port and token.
fn private(pool: &Pool, kind: &str) -> Option<(u16, String)> {
    let accounts = pool.sandbox.accounts();
    let session = accounts["sessions"].as_array()?.iter().find(|session| session["kind"] == kind)?;
    let file = pool.sandbox.cam_folder().join(format!("session-{}", session["id"].as_str()?));
    let private: Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    Some((u16::try_from(private["port"].as_u64()?).ok()?, private["rpcToken"].as_str()?.to_owned()))
}
