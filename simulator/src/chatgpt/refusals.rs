//! How the backend words its refusals.

use serde_json::json;

use crate::clock::Timestamp;
use crate::reply::Reply;

/// A 401, with a code or without.
pub(super) fn unauthorized(code: Option<&str>) -> Reply {
    let Some(code) = code else {
        return Reply::detail(401, "Unauthorized");
    };
    let message = match code {
        "token_expired" => "Provided authentication token is expired. Please try signing in again.",
        "token_invalidated" => "Your authentication token has been invalidated. Please try signing in again.",
        _ => "Your authentication token is not valid. Please try signing in again.",
    };
    let error = json!({ "message": message, "type": "invalid_request_error", "param": null, "code": code });
    Reply::json(401, &json!({ "error": error, "status": 401 }))
}

/// A plan that is used up until `resets_at`.
pub(super) fn usage_limit(status: u16, plan: &str, resets_at: i64, now: Timestamp) -> Reply {
    Reply::json(
        status,
        &json!({
            "error": {
                "type": "usage_limit_reached",
                "message": "The usage limit has been reached",
                "plan_type": plan,
                "resets_at": resets_at,
                "resets_in_seconds": (resets_at - now.as_millis() / 1000).max(0),
            }
        }),
    )
}

/// A model that the account may not use.
pub(super) fn model_not_supported(model: &str) -> Reply {
    Reply::detail(400, &format!("The '{model}' model is not supported when using Codex with a ChatGPT account."))
}

/// A model that has no route.
pub(super) fn model_not_found(model: &str) -> Reply {
    Reply::detail(404, &format!("Model not found {model}"))
}
