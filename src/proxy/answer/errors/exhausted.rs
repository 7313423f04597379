//! The answer where every account that may be used was tried or cannot serve.

use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use crate::domain::allowed::Allowed;
use crate::domain::pool::Pool;
use crate::domain::routing::decision::{Candidate, Exhausted};
use crate::domain::routing::eligibility::Reason;
use crate::domain::time::Timestamp;
use crate::domain::usage::Overspent;
use crate::manager::belief::bench_words::bench_words;
use crate::manager::router::RouteRequest;
use crate::manager::router::notices::setback_words;
use crate::manager::session::words::{capitalised, length};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::errors::with_reset;

/// One 429 when waiting helps, else 503. `unserved` says why no login could.
pub fn response(
    exhausted: &Exhausted,
    pool: &Pool,
    request: &RouteRequest,
    unserved: Option<&str>,
    now: Timestamp,
) -> Response<ProxyBody> {
    let accounts = accounts(exhausted, pool, request);
    let allowed = request.narrowing(pool);
    let (status, kind, code) = if exhausted.rate_limited {
        (StatusCode::TOO_MANY_REQUESTS, "usage_limit_reached", "all_accounts_rate_limited")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "server_error", "no_available_accounts")
    };
    let (begin, reasons) = if allowed.is_empty() {
        // The rules that leave none are named below.
        (String::new(), String::new())
    } else {
        (exhaustion(exhausted.rate_limited, &allowed, request), reasons(exhausted, pool, request))
    };
    let free = exhausted.available_at.map(|at| length(at.since(now)));
    let when = free.map(|free| format!(" The first is free again in {free}.")).unwrap_or_default();
    let unserved = unserved.map(|why| format!(" A ChatGPT login cannot serve it: {why}")).unwrap_or_default();
    let (narrowed, spent) = (allowed.sentences(), spent(exhausted));
    // Where time does not help, a person has to.
    let advice = if when.is_empty() && unserved.is_empty() { advice(&narrowed) } else { "" };
    let message = format!("{begin}{when}{spent}{reasons}{unserved}{narrowed}{advice}");
    let message = message.trim_start();
    let body = json!({"error": {"message": message, "type": kind, "param": null, "code": code, "accounts": accounts}});
    with_reset(status, body, exhausted.available_at, now)
}

/// Says that no account can serve, and which rule allows the few. It comes first, since programs show little more than the beginning.
fn exhaustion(rate_limited: bool, allowed: &Allowed, request: &RouteRequest) -> String {
    let those = allowed.allowing().map(|allowing| format!(" that {allowing}")).unwrap_or_default();
    let family = &request.family;
    if rate_limited {
        format!("All accounts{those} are limited for {family}.")
    } else {
        format!("No account{those} can serve {family}.")
    }
}

/// Where a person finds what to do. The list of accounts knows no rule.
fn advice(narrowed: &str) -> &'static str {
    if narrowed.is_empty() {
        " `codex-account-manager list` says what to do."
    } else {
        " `codex-account-manager doctor` says what to do."
    }
}

/// The budget that is spent, in a sentence.
pub fn spent(exhausted: &Exhausted) -> String {
    let sentence = |overspent: &Overspent| format!(" {}.", capitalised(&overspent.to_string()));
    exhausted.overspent.as_deref().map(sentence).unwrap_or_default()
}

/// Every account with its reasons.
pub(super) fn accounts(exhausted: &Exhausted, pool: &Pool, request: &RouteRequest) -> Vec<Value> {
    let account = |candidate: &Candidate| {
        let reasons: Vec<&str> = candidate.reasons().map(Reason::name).collect();
        let label = pool.members.get(candidate.position).map(|member| member.label.as_str());
        let until = candidate.available_at().map(Timestamp::as_millis);
        json!({
            "index": request.number(pool, candidate.position),
            "id": candidate.account.as_str(),
            "label": label,
            "reasons": reasons,
            "availableAt": until,
        })
    };
    exhausted.candidates.iter().map(account).collect()
}

/// The same in a sentence, if there is any: what keeps each from serving, or what came of it when it was tried. What keeps out
/// those that may not be used is said once, of all of them.
pub fn reasons(exhausted: &Exhausted, pool: &Pool, request: &RouteRequest) -> String {
    let may_be_used = |candidate: &&Candidate| candidate.reasons().all(|reason| reason != Reason::NotAllowed);
    let words = exhausted.candidates.iter().filter(may_be_used).map(|candidate| {
        let reasons = candidate.reasons().map(Reason::name).collect::<Vec<_>>().join(", ");
        let reasons = match candidate.tried {
            _ if !reasons.is_empty() => reasons,
            Some(setback) => setback_words(setback),
            None => "is being probed".to_owned(),
        };
        let member = pool.members.get(candidate.position);
        let label = member.map(|member| member.label.as_str()).unwrap_or_default();
        // What was refused, and not merely limited, says why and what to do.
        let why = member.filter(|_| candidate.is_refused).map(|member| format!(" ({})", bench_words(member)));
        format!("{} ({label}): {reasons}{}", request.number(pool, candidate.position), why.unwrap_or_default())
    });
    let words = words.collect::<Vec<_>>().join("; ");
    if words.is_empty() { words } else { format!(" {words}.") }
}
