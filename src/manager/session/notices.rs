//! What people are told: which account is used, a limit and the automatic switch, all limited. The same thing is
//! not told twice within the configured time, and nothing when `quiet` is set.

use std::time::Duration;

use crate::domain::account::{AccountId, Kind};
use crate::domain::pool::Pool;
use crate::domain::routing::decision::{Choice, Exhausted, Why};
use crate::domain::routing::eligibility::{Obstacle, Reason, is_limited_for_model, is_on_credits, obstacles};
use crate::domain::routing::setback::Setback;
use crate::domain::time::Timestamp;
use crate::manager::Manager;
use crate::manager::router::RouteRequest;
use crate::manager::session::event::Level;

impl Manager {
    pub(in crate::manager) fn notice_account(
        &self,
        pool: &Pool,
        choice: Choice,
        request: &RouteRequest,
        before: Option<&AccountId>,
    ) {
        let now = self.clock.now();
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
                self.notify(Level::Warning, &format!("switch {position} {}", choice.position), text);
            }
            None => self.notify(Level::Info, &format!("use {}", choice.position), format!("Using {used}")),
        }
    }

    pub(in crate::manager) fn notice_exhausted(&self, pool: &Pool, exhausted: &Exhausted) {
        let now = self.clock.now();
        let count = pool.members.len();
        let text = match exhausted.available_at.filter(|_| exhausted.rate_limited) {
            Some(at) if count == 1 => {
                format!("The only account is limited; it is free again in {}", length(at.since(now)))
            }
            Some(at) => {
                format!("All {count} accounts are limited; the first is free again in {}", length(at.since(now)))
            }
            None => "No account can serve; `codex-account-manager list` says why".to_owned(),
        };
        self.notify(Level::Warning, "exhausted", text);
    }

    /// Gives a notice once within the configured time, and none where people want none.
    fn notify(&self, level: Level, key: &str, text: String) {
        if !self.session.config().quiet() {
            self.session.notice_once(level, key, text);
        }
    }
}

fn name(pool: &Pool, position: usize) -> String {
    let label = pool.members.get(position).map(|member| member.label.as_str()).unwrap_or_default();
    format!("account {} ({label})", position + 1)
}

/// `text` with a large first letter.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn words(kind: Kind, obstacle: Obstacle, limited: &str, now: Timestamp) -> String {
    let time = obstacle.until.map(|until| format!(" for {}", length(until.since(now)))).unwrap_or_default();
    match obstacle.reason {
        Reason::Disabled => "is disabled".to_owned(),
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

/// A length of time as people say it.
pub fn length(time: Duration) -> String {
    let seconds = time.as_millis().div_ceil(1000);
    match seconds {
        0..=90 => format!("{seconds} s"),
        91..=5_400 => format!("{} min", seconds.div_ceil(60)),
        5_401..=172_800 => format!("{} h", seconds.div_ceil(3_600)),
        _ => format!("{} days", seconds.div_ceil(86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_rounded_up_to_what_people_say() {
        for (millis, said) in
            [(0, "0 s"), (1, "1 s"), (90_000, "90 s"), (91_000, "2 min"), (3_600_000, "60 min"), (7_200_001, "3 h")]
        {
            assert_eq!(length(Duration::from_millis(millis)), said);
        }
    }
}
