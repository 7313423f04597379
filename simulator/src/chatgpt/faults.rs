//! The scripted failures of the backend: the answers that refuse a request.

#[cfg(feature = "scripting")]
use serde_json::json;

use super::refusals::usage_limit;
#[cfg(feature = "scripting")]
use super::refusals::{model_not_supported, unauthorized};
use crate::answer::Answer;
use crate::clock::Timestamp;
#[cfg(feature = "scripting")]
use crate::faults;
use crate::reply::Reply;

/// The reply of an answer that refuses; `None` for one that serves.
#[cfg_attr(not(feature = "scripting"), expect(unused_variables, reason = "only scripts refuse a model"))]
pub(super) fn refusal(answer: &Answer, model: &str, plan: &str, now: Timestamp) -> Option<Reply> {
    Some(match answer {
        Answer::UsageLimit { status, .. } => usage_limit(*status, plan, resets_at(answer, now)?, now),
        #[cfg(not(feature = "scripting"))]
        Answer::Overloaded => Reply::overloaded(),
        #[cfg(not(feature = "scripting"))]
        Answer::Normal | Answer::RateLimit { .. } => return None,
        #[cfg(feature = "scripting")]
        Answer::UsageNotIncluded => {
            let message = "To use Codex with your ChatGPT plan, upgrade to Plus: https://openai.com/chatgpt/pricing.";
            Reply::json(
                429,
                &json!({ "error": { "type": "usage_not_included", "message": message, "plan_type": plan } }),
            )
        }
        #[cfg(feature = "scripting")]
        Answer::DeactivatedWorkspace { status } => {
            Reply::json(*status, &json!({ "detail": { "code": "deactivated_workspace" } }))
        }
        #[cfg(feature = "scripting")]
        Answer::Unauthorized { code } => unauthorized(code.as_deref()),
        #[cfg(feature = "scripting")]
        Answer::ModelNotSupported => model_not_supported(model),
        #[cfg(feature = "scripting")]
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
