//! The scripted failures: an answer that refuses, one that comes late or never, and faults inside a stream.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::Answer;
use super::backend::unauthorized;
use super::reply::{Content, Reply};
use super::stream::{error_event, failed_event};
use crate::body::Ending;
use crate::breakage::Cut;
use crate::clock::Timestamp;

/// Waits as `answer` says; an error when the connection is to be closed in place of an answer.
pub(super) async fn pause(answer: &Answer) -> Result<(), Cut> {
    match answer {
        Answer::Slow(wait) | Answer::Late(wait, _) => tokio::time::sleep(*wait).await,
        Answer::Broken(breakage) => breakage.before_answer().await?,
        _ => {}
    }
    Ok(())
}

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
        Answer::ServerError(status) => {
            let message = "The server had an error while processing your request. Sorry about that!";
            Reply::error(*status, "server_error", None, None, message)
        }
        Answer::Overloaded => {
            let message = "Our servers are currently overloaded. Please try again later.";
            Reply::error(503, "service_unavailable_error", Some("server_is_overloaded"), None, message)
        }
        Answer::Late(_, answer) => return refusal(answer, model, plan, now),
        Answer::Raw { status, headers, body } => {
            Reply { status: *status, headers: headers.clone(), content: Content::Whole(body.clone()) }
        }
        Answer::Normal
        | Answer::Say(_)
        | Answer::CallTools(_)
        | Answer::Think { .. }
        | Answer::Refuse(_)
        | Answer::Incomplete { .. }
        | Answer::Slow(_)
        | Answer::Broken(_)
        | Answer::Torn { .. }
        | Answer::FailInStream { .. }
        | Answer::ErrorInStream { .. } => return None,
    })
}

/// When a scripted usage limit ends, in unix seconds.
pub(super) fn resets_at(answer: &Answer, now: Timestamp) -> Option<i64> {
    match answer {
        Answer::UsageLimit { resets_in, .. } => Some(now.after(*resets_in).as_millis() / 1000),
        Answer::Late(_, answer) => resets_at(answer, now),
        _ => None,
    }
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

/// Works the faults of `answer` that lie inside the stream into `events`; `begun` is the response as it began.
pub(super) fn spoiled(mut events: Vec<Bytes>, answer: &Answer, begun: &Value) -> (Vec<Bytes>, Ending) {
    match answer {
        Answer::Broken(breakage) => {
            breakage.spoil(&mut events, 1);
            return (events, breakage.ending());
        }
        Answer::Torn { bytes } => {
            let all = events.concat();
            events = all.chunks((*bytes).max(1)).map(Bytes::copy_from_slice).collect();
        }
        Answer::FailInStream { after_events, code, message } => {
            events.truncate(*after_events);
            let failure = failed_event(events.len(), begun, code, message);
            events.push(failure);
        }
        Answer::ErrorInStream { after_events, code, message } => {
            events.truncate(*after_events);
            let failure = error_event(events.len(), code, message);
            events.push(failure);
        }
        _ => {}
    }
    (events, Ending::Clean)
}
