//! What happened to a request, in plain sentences: why each account, what each refused it with, what came of it.

use super::Known;
use super::decision::{Attempt, Decision, End};
use crate::domain::time::Timestamp;
use crate::wording::amounts::{grouped, usd};
use crate::wording::routing::why;
use crate::wording::time::{span, took};

/// The sentences, in the order in which it happened.
pub fn explanation(known: &Known, decision: &Decision, now: Timestamp) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut before: Option<&Attempt> = None;
    for attempt in &decision.attempts {
        sentences.push(sent(known, attempt, before));
        sentences.extend(refused(known, attempt));
        before = Some(attempt);
    }
    sentences.push(ended(decision, now));
    sentences.extend(used(decision));
    sentences
}

fn sent(known: &Known, attempt: &Attempt, before: Option<&Attempt>) -> String {
    let label = known.label(&attempt.account);
    match before {
        Some(before) if before.account == attempt.account => format!("It was sent to {label} again."),
        Some(_) => format!("Then it went to {label}, because {}.", why(&attempt.why)),
        None if attempt.number > 1 => {
            format!("It went to {label} as attempt {}, because {}.", attempt.number, why(&attempt.why))
        }
        None => format!("It went to {label}, because {}.", why(&attempt.why)),
    }
}

/// What an attempt that did not serve was refused with.
fn refused(known: &Known, attempt: &Attempt) -> Option<String> {
    let result = attempt.result.as_ref().filter(|result| !result.served)?;
    let label = known.label(&attempt.account);
    Some(match result.status {
        0 => format!("{label} did not answer."),
        401 => format!("{label} refused the credential (401)."),
        402 | 429 => format!("{label} was limited or out of quota ({}).", result.status),
        403 => format!("{label} was refused (403)."),
        404 => format!("{label} does not have what the request names (404)."),
        499 => "The client left before an answer came (499).".to_owned(),
        status @ 500.. => format!("{label} failed with {status}."),
        status => format!("{label} answered with {status}."),
    })
}

fn ended(decision: &Decision, now: Timestamp) -> String {
    let after = decision.duration_ms().map(|time| format!(" after {}", took(time))).unwrap_or_default();
    let first =
        decision.first_byte_ms().map(|time| format!(", the first byte after {}", took(time))).unwrap_or_default();
    match decision.end() {
        End::Running => "It is under way.".to_owned(),
        End::Waiting(until) => format!("It waits until an account is free, {} at most.", span(until.since(now))),
        End::Finished(499) => format!("The client left{after}, before the end."),
        End::Finished(status) => format!("The client received {status}{after}{first}."),
        End::Refused(_) => "What the client received then is not known: no live session reported it.".to_owned(),
        End::Lost => "Its session ended before the answer did.".to_owned(),
    }
}

fn used(decision: &Decision) -> Option<String> {
    let tokens = decision.tokens()?;
    let cost = decision
        .cost()
        .map_or_else(|| "its model has no price".to_owned(), |cost| format!("it cost {}", usd(cost.as_usd())));
    Some(format!(
        "It used {} tokens in ({} cached) and {} out; {cost}.",
        grouped(tokens.input),
        grouped(tokens.cached),
        grouped(tokens.output),
    ))
}
