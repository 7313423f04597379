//! Answers to calls, as JSON-RPC has them.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::{Refusal, WireError};

/// What a message is that is no notification.
#[derive(Deserialize)]
struct Message<'m> {
    id: Option<Value>,
    #[serde(borrow)]
    result: Option<&'m RawValue>,
    error: Option<WireError>,
}

/// The number of the call that `text` answers, and the answer; `None` for anything else.
pub fn answer(text: &str) -> Option<(u64, Result<Value, Refusal>)> {
    let Message { id, result, error } = serde_json::from_str(text).ok()?;
    let id = id?.as_u64()?;
    let result = match error {
        Some(error) => Err(Refusal::from(error)),
        None => Ok(result.map_or(Value::Null, |result| serde_json::from_str(result.get()).unwrap_or_default())),
    };
    Some((id, result))
}
