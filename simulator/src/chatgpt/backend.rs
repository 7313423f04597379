//! What the backend knows of each account: its scripts, its quota and its models.

use std::collections::HashMap;

use super::account::Account;
use super::catalogue::{Model, VersionRefusal, models};
use super::limit::Limit;
use super::meters::Meter;
use super::prompt_cache::PromptCache;
use super::quota::{Credits, Quota};
use crate::clock::Timestamp;
use crate::script::Script;

pub(super) struct Backend {
    pub(super) models: Vec<Model>,
    /// How much of every window one response uses, in percent.
    pub(super) quota_step: f64,
    pub(super) limit_at_full: bool,
    /// How many credits a response takes that the plan has no quota for.
    pub(super) credit_step: f64,
    pub(super) shown: Shown,
    /// How a model is refused to a client older than it wants; `None` serves it to all.
    pub(super) version_gate: Option<VersionRefusal>,
    pub(super) cache: PromptCache,
    /// Whether there is a WebSocket.
    pub(super) websocket: bool,
    accounts: HashMap<Account, Standing>,
}

/// What the answers tell beside the response itself.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    pub(super) quota_headers: bool,
    pub(super) rate_limit_event: bool,
}

/// One account.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) responses: Script,
    pub(super) handshakes: Script,
    pub(super) usage_looks: Script,
    pub(super) quota: Quota,
    pub(super) credits: Credits,
    pub(super) meters: Vec<Meter>,
    pub(super) models: Option<Vec<Model>>,
    /// The origin of its workspace's backend and its routing, as `/wham/accounts/check` says them.
    pub(super) place: Option<(String, String)>,
}

impl Backend {
    pub(super) fn new() -> Backend {
        Backend {
            models: models(),
            quota_step: 0.0,
            limit_at_full: true,
            credit_step: 0.0,
            shown: Shown { quota_headers: true, rate_limit_event: false },
            version_gate: Some(VersionRefusal::Newer),
            cache: PromptCache::default(),
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

    /// Counts a response of `account` to `model`: what the plan does not have is paid with credits.
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
        let credits = &self.of(account).credits;
        let serves_on = limit.meter.is_none() && (credits.has_credits || credits.unlimited);
        limit.quota.full_until().filter(|_| self.limit_at_full && !serves_on)
    }

    /// The models that `account` may use.
    pub(super) fn models_of(&self, account: Account) -> &[Model] {
        let own = self.accounts.get(&account).and_then(|standing| standing.models.as_deref());
        own.unwrap_or(&self.models)
    }
}
