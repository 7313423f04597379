//! What the backend knows of each account: its scripts, its quota and its models.

use std::collections::HashMap;

use super::account::Account;
#[cfg(feature = "scripting")]
use super::catalogue::{Model, VersionRefusal, models};
use super::limit::Limit;
#[cfg(feature = "scripting")]
use super::meters::{Meter, SpendingLimit};
#[cfg(feature = "scripting")]
use super::prompt_cache::PromptCache;
use super::quota::{Credits, Quota};
use crate::answer::Answer;
use crate::clock::Timestamp;
use crate::script::Script;

pub(super) struct Backend {
    #[cfg(feature = "scripting")]
    pub(super) models: Vec<Model>,
    /// How much of every window one response uses, in percent.
    pub(super) quota_step: f64,
    #[cfg(feature = "scripting")]
    pub(super) limit_at_full: bool,
    /// How many credits a response takes that the plan has no quota for.
    #[cfg(feature = "scripting")]
    pub(super) credit_step: f64,
    #[cfg(feature = "scripting")]
    pub(super) shown: Shown,
    /// How a model is refused to a client older than it wants; `None` serves it to all.
    #[cfg(feature = "scripting")]
    pub(super) version_gate: Option<VersionRefusal>,
    /// Whether a model finds a request in Lite that does not say that it is one.
    #[cfg(feature = "scripting")]
    pub(super) routes_unmarked_lite: bool,
    #[cfg(feature = "scripting")]
    pub(super) cache: PromptCache,
    /// Whether there is a WebSocket.
    #[cfg(feature = "scripting")]
    pub(super) websocket: bool,
    accounts: HashMap<Account, Standing>,
}

/// What the answers tell beside the response itself.
#[cfg(feature = "scripting")]
#[derive(Clone, Copy)]
pub(super) struct Shown {
    pub(super) quota_headers: bool,
    pub(super) rate_limit_event: bool,
    /// Whether the last event has the output once more.
    pub(super) output_in_completed: bool,
}

/// One account.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) responses: Script,
    #[cfg(feature = "scripting")]
    pub(super) handshakes: Script,
    pub(super) usage_looks: Script,
    pub(super) quota: Quota,
    pub(super) credits: Credits,
    /// Why the credits do not serve.
    #[cfg(feature = "scripting")]
    pub(super) spending_limit: Option<SpendingLimit>,
    #[cfg(feature = "scripting")]
    pub(super) meters: Vec<Meter>,
    #[cfg(feature = "scripting")]
    pub(super) models: Option<Vec<Model>>,
    /// The origin of its workspace's backend and its routing, as `/wham/accounts/check` says them.
    pub(super) place: Option<(String, String)>,
}

impl Backend {
    pub(super) fn new() -> Backend {
        Backend {
            #[cfg(feature = "scripting")]
            models: models(),
            quota_step: 0.0,
            #[cfg(feature = "scripting")]
            limit_at_full: true,
            #[cfg(feature = "scripting")]
            credit_step: 0.0,
            #[cfg(feature = "scripting")]
            shown: Shown { quota_headers: true, rate_limit_event: false, output_in_completed: false },
            #[cfg(feature = "scripting")]
            version_gate: Some(VersionRefusal::Newer),
            #[cfg(feature = "scripting")]
            routes_unmarked_lite: true,
            #[cfg(feature = "scripting")]
            cache: PromptCache::default(),
            #[cfg(feature = "scripting")]
            websocket: true,
            accounts: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, account: Account, now: Timestamp) {
        self.of(account).quota = Quota::fresh(now);
    }

    pub(super) fn of(&mut self, account: Account) -> &mut Standing {
        self.accounts.entry(account).or_default()
    }

    /// The quota of `account` at this moment.
    pub(super) fn quota(&mut self, account: Account, now: Timestamp) -> Quota {
        let quota = &mut self.of(account).quota;
        quota.roll(now);
        *quota
    }

    /// What a request of `account` to `model` counts against at this moment.
    #[cfg(not(feature = "scripting"))]
    pub(super) fn limit(&mut self, account: Account, _model: &str, now: Timestamp) -> Limit {
        Limit { quota: self.quota(account, now) }
    }

    /// What a request of `account` to `model` counts against at this moment.
    #[cfg(feature = "scripting")]
    pub(super) fn limit(&mut self, account: Account, model: &str, now: Timestamp) -> Limit {
        let meters = &mut self.of(account).meters;
        match meters.iter_mut().find(|meter| meter.models.iter().any(|known| known == model)) {
            Some(meter) => {
                meter.quota.roll(now);
                Limit { quota: meter.quota, meter: Some(meter.clone()) }
            }
            None => Limit { quota: self.quota(account, now), meter: None },
        }
    }

    /// Counts a response of `account` to `model`.
    #[cfg(not(feature = "scripting"))]
    pub(super) fn count(&mut self, account: Account, _model: &str, _now: Timestamp) {
        let step = self.quota_step;
        self.of(account).quota.spend(step);
    }

    /// Counts a response of `account` to `model`: what the plan does not have is paid with credits.
    #[cfg(feature = "scripting")]
    pub(super) fn count(&mut self, account: Account, model: &str, now: Timestamp) {
        let (step, price) = (self.quota_step, self.credit_step);
        let limit = self.limit(account, model, now);
        let standing = self.of(account);
        match limit.meter {
            Some(counted) => {
                let meter = standing.meters.iter_mut().find(|meter| meter.id == counted.id);
                meter.expect("it was found above").quota.spend(step);
            }
            None if limit.quota.full_until().is_some() => standing.credits.spend(price),
            None => standing.quota.spend(step),
        }
    }

    /// When `account` can be asked for `model` again, in unix seconds; `None` when it can be now.
    pub(super) fn refused_until(&mut self, account: Account, model: &str, now: Timestamp) -> Option<i64> {
        let limit = self.limit(account, model, now);
        let until = limit.quota.full_until();
        #[cfg(feature = "scripting")]
        let until = {
            let standing = self.of(account);
            let pays =
                standing.spending_limit.is_none() && (standing.credits.has_credits || standing.credits.unlimited);
            let serves_on = pays && limit.meter.is_none();
            until.filter(|_| self.limit_at_full && !serves_on)
        };
        until
    }

    /// The answer that the next response of `account` gets.
    pub(super) fn take_answer(&mut self, account: Account) -> Answer {
        self.of(account).responses.take()
    }

    /// The models that `account` may use.
    #[cfg(feature = "scripting")]
    pub(super) fn models_of(&self, account: Account) -> &[Model] {
        let own = self.accounts.get(&account).and_then(|standing| standing.models.as_deref());
        own.unwrap_or(&self.models)
    }
}
