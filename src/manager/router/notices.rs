//! What people read of routing: which account is used, a limit and the automatic switch, all limited.

use super::RouteRequest;
use crate::domain::account::{AccountId, Kind};
use crate::domain::pool::Pool;
use crate::domain::routing::decision::{Choice, Exhausted, Why};
use crate::domain::routing::eligibility::{Obstacle, Reason, is_limited_for_model, is_on_credits, obstacles};
use crate::domain::routing::setback::Setback;
use crate::domain::time::Timestamp;
use crate::manager::session::event::Level;
use crate::manager::session::words::{capitalised, length};

/// A notice, with the key of those that say the same.
pub struct Notice {
    /// How much it matters.
    pub level: Level,
    /// Notices of one key are given once within the configured time.
    pub key: String,
    /// What people read.
    pub text: String,
}

/// That an account is used now, and why another one is not any more.
pub fn switched(
    pool: &Pool,
    choice: Choice,
    request: &RouteRequest,
    before: Option<&AccountId>,
    now: Timestamp,
) -> Notice {
    let used = name(pool, choice.position);
    let left = before.and_then(|id| pool.position(id)).or_else(|| {
        let (tried, _) = request.tried.last()?;
        pool.position(tried)
    });
    let trouble = left.filter(|_| choice.why == Why::Failover).map(|position| {
        let member = &pool.members[position];
        let found = obstacles(member, &request.demand(), now);
        let is_on_credits = found.is_empty() && is_on_credits(member, &request.demand(), now);
        // What is limited: the model alone, or its family.
        let limited = match &request.model {
            Some(model) if is_limited_for_model(member, &request.demand(), now) => model.as_str(),
            Some(_) | None => request.family.as_str(),
        };
        let tried = request.tried.iter().rev().find(|(id, _)| *id == pool.members[position].id);
        let why = match (found.first(), tried) {
            (Some(obstacle), _) | (None, Some((_, Setback::Obstacle(obstacle)))) => {
                words(member.kind, *obstacle, limited, now)
            }
            (None, Some((_, setback))) => setback_words(*setback),
            (None, None) if is_on_credits => "has used all its quota and continues with credits".to_owned(),
            (None, None) => "cannot serve".to_owned(),
        };
        (position, why)
    });
    match trouble {
        Some((position, why)) => {
            let text = format!("{} {why}; switched to {}", capitalised(&name(pool, position)), used);
            Notice { level: Level::Warning, key: format!("switch {position} {}", choice.position), text }
        }
        None => Notice { level: Level::Info, key: format!("use {}", choice.position), text: format!("Using {used}") },
    }
}

/// That no account can serve.
pub fn exhausted(pool: &Pool, request: &RouteRequest, exhausted: &Exhausted, now: Timestamp) -> Notice {
    if let (Some(overspent), Some(at)) = (&exhausted.overspent, exhausted.available_at) {
        let text = format!("{overspent}; nothing is served for it for {}", length(at.since(now)));
        let key = format!("budget {:?}", overspent.budget.purse);
        return Notice { level: Level::Warning, key, text: capitalised(&text) };
    }
    let count = pool.members.iter().filter(|member| member.allowed && request.may_use(pool, &member.id)).count();
    let here = if count < pool.members.len() { " that may be used here" } else { "" };
    let of_key = request.key.as_ref().map(|key| pool.of_key(key));
    // What narrows the proxy itself is not named to its clients.
    let fault = of_key.and_then(|of_key| pool.allowed.faults().chain(of_key.faults()).next());
    let text = match exhausted.available_at.filter(|_| exhausted.rate_limited) {
        Some(at) if count == 1 => {
            format!("The only account{here} is limited; it is free again in {}", length(at.since(now)))
        }
        Some(at) => {
            format!("All {count} accounts{here} are limited; the first is free again in {}", length(at.since(now)))
        }
        None => match fault {
            // That is for the owner of the proxy, whose client reads it in its answer.
            Some(fault) => format!("No account can serve: {fault}"),
            // The list of accounts knows no rule.
            None if !pool.allowed.is_all() => {
                "No account can serve; `codex-account-manager doctor` says why".to_owned()
            }
            None => "No account can serve; `codex-account-manager list` says why".to_owned(),
        },
    };
    // Each client's trouble is its own.
    let key = request.key.as_ref().map_or_else(|| "exhausted".to_owned(), |key| format!("exhausted {key}"));
    Notice { level: Level::Warning, key, text }
}

fn name(pool: &Pool, position: usize) -> String {
    let label = pool.members.get(position).map(|member| member.label.as_str()).unwrap_or_default();
    format!("account {} ({label})", position + 1)
}

fn words(kind: Kind, obstacle: Obstacle, limited: &str, now: Timestamp) -> String {
    let time = obstacle.until.map(|until| format!(" for {}", length(until.since(now)))).unwrap_or_default();
    match obstacle.reason {
        Reason::Disabled => "is disabled".to_owned(),
        Reason::NotAllowed => "is not allowed here".to_owned(),
        Reason::Locked => "is locked".to_owned(),
        Reason::NeedsLogin if kind == Kind::ChatGpt => "needs a new login".to_owned(),
        Reason::NeedsLogin => "needs a new key".to_owned(),
        Reason::OverLimit => format!("has reached its spending limit{time}"),
        Reason::RateLimited => format!("is rate limited for {limited}{time}"),
        Reason::CoolingDown => format!("is out of quota or was refused, and is not used{time}"),
        Reason::CircuitOpen => format!("does not answer, and is not used{time}"),
        Reason::ModelNotInScope | Reason::NotServed => "does not serve this model".to_owned(),
    }
}

/// What came of an account, in words that follow its name.
pub fn setback_words(setback: Setback) -> String {
    match setback {
        Setback::Obstacle(obstacle) => obstacle.reason.name().to_owned(),
        Setback::Failed(status) => format!("failed with status {status}"),
        Setback::NoAnswer => "did not answer".to_owned(),
        Setback::TooLarge => "has a lower limit of tokens a minute than this request needs".to_owned(),
        Setback::Blocked { is_cloudflare: true } => {
            "was not reached: Cloudflare answered with a challenge page; try from another network".to_owned()
        }
        Setback::Blocked { is_cloudflare: false } => {
            "was not reached: a proxy or firewall answered with a page; try from another network".to_owned()
        }
        Setback::Refused(status) => format!("refused the request with status {status}"),
        Setback::NoToken => "has no token now".to_owned(),
        Setback::Unsendable => "has a key that is not valid in a header; set the key again".to_owned(),
    }
}
