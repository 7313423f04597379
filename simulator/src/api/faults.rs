//! The scripted failures: an answer that refuses, and faults that lie inside an answer's body.

use super::answer::Answer;
use super::errors;
use super::reply::{Call, Content, Reply, failure_event};
use crate::body::Ending;
use crate::clock::Timestamp;

/// The reply of an answer that refuses the request of `key`; `None` for one that serves it.
pub(super) fn refusal(answer: &Answer, call: &Call, key: &str, now: Timestamp) -> Option<Reply> {
    Some(match answer {
        Answer::RateLimit { retry_after, kind } => errors::rate_limit(call, *retry_after, *kind, now),
        Answer::InsufficientQuota => errors::insufficient_quota(),
        Answer::InvalidKey => errors::invalid_key(key),
        Answer::Unauthorized { code } => errors::unauthorized(code.as_deref()),
        Answer::ModelNotFound => errors::model_not_found(&errors::model(call)),
        Answer::ServerError(status) => errors::server_error(*status),
        Answer::Overloaded => errors::overloaded(),
        Answer::Status { status, code, error_type, message, headers } => {
            let reply = errors::error(*status, error_type, code.as_deref(), None, message);
            Reply { headers: headers.clone(), ..reply }
        }
        Answer::Raw { status, headers, body } => Reply {
            status: *status,
            headers: headers.clone(),
            content: Content::Whole(body.clone()),
            metered: false,
            bare: true,
        },
        Answer::Normal
        | Answer::Say(_)
        | Answer::CallTool(_)
        | Answer::Slow(_)
        | Answer::Late(..)
        | Answer::Broken(_)
        | Answer::FailInStream { .. } => return None,
    })
}

/// Works the faults of `answer` that lie inside the body into `reply`.
pub(super) fn spoiled(mut reply: Reply, answer: &Answer, call: &Call) -> (Reply, Ending) {
    let mut ending = Ending::Clean;
    match (answer, &mut reply.content) {
        (Answer::Broken(breakage), content) => {
            ending = breakage.ending();
            if let Content::Events { events, terminal, .. } = content {
                breakage.spoil(events, *terminal);
            }
        }
        (Answer::FailInStream { after_events, code, message }, Content::Events { events, dialect, .. }) => {
            events.truncate(*after_events);
            let failure = failure_event(call, *dialect, events.len(), code, message);
            events.push(failure);
        }
        (Answer::FailInStream { code, message, .. }, Content::Whole(_)) => {
            reply = errors::error(500, "server_error", Some(code), None, message);
        }
        _ => {}
    }
    (reply, ending)
}
