//! A client of a running session's `/rpc`, for the screen, which follows many sessions, and for the command line, which calls
//! one method.

mod answer;
mod error;
mod socket;

use std::time::Duration;

use serde_json::Value;

pub use answer::answer;
pub use error::{CallError, Refusal, WireError};
pub use socket::Socket;

use crate::manager::session::alive::RpcAddress;

/// The number of the one call.
const CALL: u64 = 1;

/// Calls one method and waits for its result, at most for `patience`.
///
/// # Errors
///
/// [`CallError`]: the session refuses, cannot be reached, or does not answer in time.
pub async fn call(address: &RpcAddress, method: &str, params: &Value, patience: Duration) -> Result<Value, CallError> {
    let calling = async {
        let mut socket = Socket::connected(address).await?;
        socket.call(CALL, method, params).await?;
        loop {
            let text = socket.next().await?;
            if let Some((CALL, result)) = answer(&text) {
                return result.map_err(CallError::Refused);
            }
        }
    };
    tokio::time::timeout(patience, calling).await.unwrap_or(Err(CallError::Slow(patience)))
}
