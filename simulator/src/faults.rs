//! The scripted failures of both faces: answers that refuse, that come late or never, and faults inside a stream.

use std::io;
use std::time::Duration;

use bytes::Bytes;

use crate::answer::Answer;
use crate::body::Ending;
use crate::reply::{Content, Reply};

/// The event that ends a stream which failed after so many events, with this code and message.
pub(crate) type Failed<'f> = dyn Fn(usize, &str, &str) -> Bytes + 'f;

/// Works the faults of an answer into a reply, or lets it be.
pub(crate) type Spoil = fn(Reply, &Answer, &Failed<'_>) -> (Reply, Ending);

/// How long an answer takes, and the answer then.
pub(crate) fn timed(answer: Answer) -> (Duration, Answer) {
    match answer {
        Answer::Slow(wait) => (wait, Answer::Normal),
        Answer::Late(wait, answer) => {
            let (more, answer) = timed(*answer);
            (wait + more, answer)
        }
        answer => (Duration::ZERO, answer),
    }
}

/// The answer once its time has come; an error when the connection is to be closed in its place.
pub(crate) async fn awaited(answer: Answer) -> io::Result<Answer> {
    let (wait, answer) = timed(answer);
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    if let Answer::Broken(breakage) = answer {
        breakage.before_answer().await?;
    }
    Ok(answer)
}

/// The refusal that `answer` is, once a face has taken those of its own; `None` for one that serves.
pub(crate) fn refusal(answer: &Answer) -> Option<Reply> {
    Some(match answer {
        Answer::Overloaded => Reply::overloaded(),
        Answer::ServerError(status) => {
            let message = "The server had an error while processing your request. Sorry about that!";
            Reply::error(*status, "server_error", None, None, message)
        }
        Answer::Status { status, code, error_type, message, headers } => {
            let reply = Reply::error(*status, error_type, code.as_deref(), None, message);
            headers.iter().fold(reply, |reply, (name, value)| reply.with(name, value))
        }
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
        | Answer::Late(..)
        | Answer::Broken(_)
        | Answer::Torn { .. }
        | Answer::FailInStream { .. } => return None,
        Answer::RateLimit { .. }
        | Answer::UsageLimit { .. }
        | Answer::InsufficientQuota
        | Answer::InvalidKey
        | Answer::ModelNotFound
        | Answer::UsageNotIncluded
        | Answer::DeactivatedWorkspace { .. }
        | Answer::ModelNotSupported
        | Answer::Unauthorized { .. } => {
            Reply::error(501, "simulator_error", None, None, "The script names an answer of the other face.")
        }
    })
}

/// Works the faults of `answer` that lie inside the body into `reply`.
pub(crate) fn spoiled(mut reply: Reply, answer: &Answer, failed: &Failed<'_>) -> (Reply, Ending) {
    match (answer, &mut reply.content) {
        (Answer::Broken(breakage), Content::Whole(_)) => return (reply, breakage.ending()),
        (Answer::Broken(breakage), Content::Events { events, terminal }) => {
            breakage.spoil(events, *terminal);
            return (reply, breakage.ending());
        }
        (Answer::Torn { bytes }, Content::Events { events, .. }) => {
            let all = events.concat();
            *events = all.chunks((*bytes).max(1)).map(Bytes::copy_from_slice).collect();
        }
        (Answer::FailInStream { after_events, code, message }, Content::Events { events, .. }) => {
            events.truncate(*after_events);
            events.push(failed(events.len(), code, message));
        }
        (Answer::FailInStream { code, message, .. }, Content::Whole(_)) => {
            reply = Reply::error(500, "server_error", Some(code), None, message);
        }
        _ => {}
    }
    (reply, Ending::Clean)
}
