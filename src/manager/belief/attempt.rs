//! What an attempt proves: what is believed from now on, what has to be written, and what the ledger is to know.

use std::time::Duration;

use super::facts::Change;
use super::known::{Bench, Known};
use super::limits::{limit, limit_keys};
use super::siblings::Observation;
use crate::domain::account::{AccountId, Kind, ModelFamily};
use crate::domain::client_version::ClientVersion;
use crate::domain::health::breaker::BreakerSettings;
use crate::domain::health::breakers::BreakerNote;
use crate::domain::health::condition::Effect;
use crate::domain::health::model_refusal::{ModelRefusal, remember};
use crate::domain::health::{
    BENCH, Cooldown, LONGEST_WAIT, Limit, Outcome, REASON_AUTH, REASON_MISASSIGNED, REASON_QUOTA, REASON_REFUSED,
    UNSERVED, is_of_a_workspace, refusal_bench,
};
use crate::domain::pool::{EVERY_FAMILY, Member};
use crate::domain::time::Timestamp;

/// The reason of a bench whose refusal has no code.
const REASON_UNAUTHORIZED: &str = "unauthorized";

/// No longer code is kept as a reason, in bytes.
const LONGEST_REASON: usize = 64;

/// An attempt that is over, as far as it says something of its account.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The account it was made with.
    pub account: &'a AccountId,
    /// How that authenticates.
    pub kind: Kind,
    /// The account as routing saw it last; `None` when it is gone.
    pub member: Option<&'a Member>,
    /// The host it was sent to.
    pub host: &'a str,
    /// The family of its model.
    pub family: &'a ModelFamily,
    /// Its model.
    pub model: Option<&'a str>,
    /// The version of Codex that it stood for.
    pub client_version: ClientVersion,
    /// When it began.
    pub began: Timestamp,
    /// The upstream answered, and not that it failed itself.
    pub is_answered: bool,
    /// It was the machine's one probe of the account.
    pub is_probe: bool,
    /// When a breaker opens and for how long, of an attempt that failed: no other counts for one.
    pub breaker: Option<BreakerSettings>,
}

/// What follows from an attempt, besides what is believed.
#[derive(Debug, Default, PartialEq)]
pub struct Effects {
    /// What it does to the condition of its account.
    pub effect: Option<Effect>,
    /// What it shows of the breakers of its account and its host.
    pub breaker: Option<BreakerNote>,
    /// What siblings have to know.
    pub change: Option<Change>,
    /// A renewed token was refused, which people have to know.
    pub token_refused: Option<TokenRefusal>,
}

/// A login's token was refused, and so was the one that it was renewed to.
#[derive(Debug, PartialEq)]
pub struct TokenRefusal {
    /// The code of the refusal.
    pub reason: String,
    /// For how long the account is left alone.
    pub length: Duration,
}

impl Known {
    /// Whether what `outcome` proves is said of the credential of the attempt.
    pub(super) fn depends_on_credential(&self, outcome: &Outcome, attempt: &Attempt<'_>) -> bool {
        match outcome {
            Outcome::Success => self.disproved_by(attempt).is_some(),
            Outcome::PassThrough
            | Outcome::TooLarge
            | Outcome::Blocked { .. }
            | Outcome::RefusedHere
            | Outcome::ServerFailure { .. }
            | Outcome::Unreachable => false,
            Outcome::RateLimited { .. }
            | Outcome::UsageLimited { .. }
            | Outcome::ModelLimited { .. }
            | Outcome::OutOfQuota
            | Outcome::CredentialRefused { .. }
            | Outcome::Misassigned
            | Outcome::AccountRefused { .. }
            | Outcome::ModelUnavailable { .. } => true,
        }
    }

    /// Takes in what an attempt proved; what it says of another credential than the present one is left out.
    pub(super) fn apply(
        &mut self,
        outcome: &Outcome,
        attempt: &Attempt<'_>,
        is_current: bool,
        now: Timestamp,
    ) -> Effects {
        let of_current = |effect| Some(effect).filter(|_| is_current);
        let failed = |overloaded| Some(BreakerNote::Failed { settings: attempt.breaker?, overloaded });
        let (effect, breaker) = match outcome {
            Outcome::Success => (None, Some(BreakerNote::Succeeded)),
            Outcome::PassThrough
            | Outcome::TooLarge
            | Outcome::Blocked { .. }
            | Outcome::RefusedHere
            | Outcome::ModelUnavailable { .. } => (None, None),
            Outcome::ServerFailure { overloaded } => (Some(Effect::Failed), failed(*overloaded)),
            Outcome::Unreachable => (Some(Effect::Unreachable), failed(false)),
            Outcome::RateLimited { .. }
            | Outcome::UsageLimited { .. }
            | Outcome::ModelLimited { .. }
            | Outcome::OutOfQuota => (of_current(Effect::RateLimited), None),
            Outcome::CredentialRefused { .. } | Outcome::Misassigned | Outcome::AccountRefused { .. } => {
                (of_current(Effect::Failed), None)
            }
        };
        // An answer below 500, whatever it says, breaks a row of failures: somebody is there and answers.
        let breaker = breaker.or(attempt.is_answered.then_some(BreakerNote::Succeeded));
        let is_news = |note: &BreakerNote| {
            *note != BreakerNote::Succeeded || self.siblings.breakers().has_failures(attempt.account, attempt.host)
        };
        let breaker = breaker.filter(is_news);
        if let Some(note) = breaker {
            let (account, host) = (attempt.account.clone(), attempt.host.to_owned());
            self.siblings.observe(Observation::Breaker { account, host, note, at: now });
        }
        let mut effects = Effects { effect, breaker, ..Effects::default() };
        if is_current {
            self.believe(outcome, attempt, now, &mut effects);
        }
        effects
    }

    fn believe(&mut self, outcome: &Outcome, attempt: &Attempt<'_>, now: Timestamp, effects: &mut Effects) {
        let bench = |reason: &str, length, needs_login| {
            let cooldown = Cooldown { until: now.after(length), since: Some(now), reason: reason.to_owned() };
            Some(Change::Benched { cooldown, needs_login })
        };
        effects.change = match outcome {
            Outcome::Success => self.disproved_by(attempt).map(|(was_benched, served)| {
                self.accounts.entry(attempt.account.clone()).or_default().bench.take_if(|_| was_benched);
                served
            }),
            Outcome::RateLimited { .. } | Outcome::UsageLimited { .. } | Outcome::ModelLimited { .. } => {
                limit(outcome, attempt.family, attempt.model, now)
            }
            Outcome::OutOfQuota => bench(REASON_QUOTA, BENCH, false),
            Outcome::CredentialRefused { .. } if attempt.kind == Kind::ApiKey => bench(REASON_AUTH, BENCH, true),
            // Its refresh token is good: it is left alone for a while, longer each time.
            Outcome::CredentialRefused { code } => {
                let last = attempt.member.and_then(|member| member.cooldown.as_ref());
                refusal_bench(last, attempt.began, now).and_then(|length| {
                    let reason = code.as_deref().filter(|code| is_plain(code)).unwrap_or(REASON_UNAUTHORIZED);
                    effects.token_refused = Some(TokenRefusal { reason: reason.to_owned(), length });
                    bench(reason, length, false)
                })
            }
            Outcome::Misassigned => bench(REASON_MISASSIGNED, BENCH, false),
            Outcome::AccountRefused { code } => {
                let of_workspace = code.as_deref().filter(|code| is_of_a_workspace(code) && is_plain(code));
                bench(of_workspace.unwrap_or(REASON_REFUSED), BENCH, false)
            }
            Outcome::ModelUnavailable { is_of_version } => attempt.model.map(|model| {
                let version = is_of_version.then_some(attempt.client_version);
                let refusal = ModelRefusal { until: now.after(UNSERVED), version };
                Change::Unserved { model: model.to_owned(), refusal }
            }),
            Outcome::PassThrough
            | Outcome::TooLarge
            | Outcome::Blocked { .. }
            | Outcome::RefusedHere
            | Outcome::ServerFailure { .. }
            | Outcome::Unreachable => None,
        };
        if let Some(change) = &effects.change {
            self.stand_in(attempt.account, change, now);
            self.touch();
        }
    }

    /// Believes what the file is going to say.
    pub(super) fn stand_in(&mut self, account: &AccountId, change: &Change, now: Timestamp) {
        let own = self.accounts.entry(account.clone()).or_default();
        match change {
            Change::Limited { keys, until } => {
                let limit = Limit { until: *until, since: Some(now) };
                own.limits.extend(keys.iter().map(|key| (key.clone(), limit)));
                own.limited_since.retain(|_, since| *since <= now && now.since(*since) < LONGEST_WAIT);
                own.limited_since.extend(keys.iter().map(|key| (key.clone(), now)));
            }
            Change::Benched { cooldown, needs_login } => {
                own.bench = Some(Bench { cooldown: cooldown.clone(), needs_login: *needs_login });
            }
            Change::Unserved { model, refusal } => remember(&mut own.unserved, model.clone(), *refusal, now),
            Change::Served { limits, model, .. } => {
                own.end_limits(limits);
                own.unserved.retain(|unserved, _| Some(unserved) != model.as_ref());
            }
            Change::Quota { .. } => {}
        }
    }

    /// What the success of an attempt proves over, and whether that is a bench which is not in the file yet: only what was
    /// known before it began. `None` when that is nothing.
    fn disproved_by(&self, attempt: &Attempt<'_>) -> Option<(bool, Change)> {
        let is_older = |cooldown: &Cooldown| cooldown.since.is_none_or(|since| since < attempt.began);
        let own = self.accounts.get(attempt.account);
        let was_benched = own.and_then(|own| own.bench.as_ref()).is_some_and(|bench| is_older(&bench.cooldown));
        // A bench that is over is not to lengthen the next one.
        let of_file = attempt.member.and_then(|member| member.cooldown.as_ref()).is_some_and(is_older);
        let is_unserved = |model: &&str| attempt.member.is_some_and(|member| member.unserved.contains_key(*model));
        let model = attempt.model.filter(is_unserved).map(str::to_owned);
        let limits = match own {
            Some(own) if !own.limited_since.is_empty() => {
                let mut keys = limit_keys(attempt.family, attempt.model);
                keys.push(EVERY_FAMILY.to_owned());
                keys.retain(|key| own.limited_since.get(key).is_some_and(|since| *since < attempt.began));
                keys
            }
            Some(_) | None => Vec::new(),
        };
        let ends_bench = was_benched || of_file || attempt.is_probe;
        let is_something = ends_bench || model.is_some() || !limits.is_empty();
        is_something.then_some((was_benched, Change::Served { limits, model, ends_bench }))
    }
}

/// Whether a code is short and plain enough to be kept: another machine said it.
fn is_plain(code: &str) -> bool {
    code.len() <= LONGEST_REASON && code.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests;
