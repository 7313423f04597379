//! The scripted failures of the API: the answers that refuse a call, and the events that end a stream.

use bytes::Bytes;
use serde_json::json;

use super::call::Call;
use super::{errors, responses};
use crate::answer::Answer;
use crate::clock::Timestamp;
use crate::events::unnamed;
use crate::faults;
use crate::reply::Reply;

/// The reply of an answer that refuses the request of `key`; `None` for one that serves it.
pub(super) fn refusal(answer: &Answer, call: &Call, key: &str, now: Timestamp) -> Option<Reply> {
    match answer {
        Answer::RateLimit { retry_after, kind } => Some(errors::rate_limit(call, *retry_after, *kind, now)),
        Answer::InsufficientQuota => Some(errors::insufficient_quota()),
        Answer::InvalidKey => Some(errors::invalid_key(key)),
        Answer::Unauthorized { code } => Some(errors::unauthorized(code.as_deref())),
        Answer::ModelNotFound => Some(errors::model_not_found(&call.model())),
        other => faults::refusal(other),
    }
}

/// The event that ends a stream which failed after `sent` others.
pub(super) fn failed_event(call: &Call, sent: usize, code: &str, message: &str) -> Bytes {
    if call.path.starts_with("/v1/responses") {
        return responses::failed_event(call, sent, code, message);
    }
    unnamed(&json!({ "error": { "message": message, "type": "server_error", "param": null, "code": code } }))
}
