//! The scripted failures of the backend: the answers that refuse a request.

use serde_json::json;

use super::refusals::{model_not_supported, unauthorized, usage_limit};
use crate::answer::Answer;
use crate::clock::Timestamp;
use crate::faults;
use crate::reply::Reply;

/// The reply of an answer that refuses; `None` for one that serves.
pub(super) fn refusal(answer: &Answer, model: &str, plan: &str, now: Timestamp) -> Option<Reply> {
    Some(match answer {
        Answer::UsageLimit { status, .. } => usage_limit(*status, plan, resets_at(answer, now)?, now),
        Answer::UsageNotIncluded => {
            let message = "To use Codex with your ChatGPT plan, upgrade to Plus: https://openai.com/chatgpt/pricing.";
            Reply::json(
                429,
                &json!({ "error": { "type": "usage_not_included", "message": message, "plan_type": plan } }),
            )
        }
        Answer::DeactivatedWorkspace { status } => {
            Reply::json(*status, &json!({ "detail": { "code": "deactivated_workspace" } }))
        }
        Answer::Unauthorized { code } => unauthorized(code.as_deref()),
        Answer::ModelNotSupported => model_not_supported(model),
        other => return faults::refusal(other),
    })
}

/// When a scripted usage limit ends, in unix seconds.
pub(super) fn resets_at(answer: &Answer, now: Timestamp) -> Option<i64> {
    match answer {
        Answer::UsageLimit { resets_in, .. } => Some(now.after(*resets_in).as_millis() / 1000),
        _ => None,
    }
}
