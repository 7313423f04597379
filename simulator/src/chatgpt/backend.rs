//! What the backend knows of each account: its scripts, its quota and its models. And who is let in.

use std::collections::HashMap;

use hyper::http::request::Parts;
use serde_json::json;

use super::account::Account;
#[cfg(feature = "scripting")]
use super::catalogue::{Model, VersionRefusal, models};
use super::limit::Limit;
#[cfg(feature = "scripting")]
use super::meters::{Meter, SpendingLimit};
#[cfg(feature = "scripting")]
use super::prompt_cache::PromptCache;
use super::quota::{Credits, Quota};
use super::state::ChatGpt;
use crate::answer::Answer;
use crate::clock::Timestamp;
use crate::connection::bearer;
use crate::reply::Reply;
use crate::script::Script;

pub(super) struct Backend {
    #[cfg(feature = "scripting")]
    pub(super) models: Vec<Model>,
    /// How much of every window one response uses, in percent.
    pub(super) quota_step: f64,
    #[cfg(feature = "scripting")]
    pub(super) limit_at_full: bool,
    #[cfg(feature = "scripting")]
    /// How many credits a response takes that the plan has no quota for.
    pub(super) credit_step: f64,
    #[cfg(feature = "scripting")]
    pub(super) shown: Shown,
    #[cfg(feature = "scripting")]
    /// How a model is refused to a client older than it wants; `None` serves it to all.
    pub(super) version_gate: Option<VersionRefusal>,
    #[cfg(feature = "scripting")]
    /// Whether a model finds a request in Lite that does not say that it is one.
    pub(super) routes_unmarked_lite: bool,
    #[cfg(feature = "scripting")]
    pub(super) cache: PromptCache,
    #[cfg(feature = "scripting")]
    /// Whether there is a WebSocket.
    pub(super) websocket: bool,
    accounts: HashMap<Account, Standing>,
}

#[cfg(feature = "scripting")]
/// What the answers tell beside the response itself.
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
    #[cfg(feature = "scripting")]
    /// Why the credits do not serve.
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

    #[cfg(feature = "scripting")]
    /// The models that `account` may use.
    pub(super) fn models_of(&self, account: Account) -> &[Model] {
        let own = self.accounts.get(&account).and_then(|standing| standing.models.as_deref());
        own.unwrap_or(&self.models)
    }
}

/// The account whose token and whose id a request came with, or the refusal.
pub(super) fn admit(state: &ChatGpt, head: &Parts) -> Result<Account, Reply> {
    let token = bearer(head).ok_or_else(|| unauthorized(None))?;
    let issuer = state.issuer();
    let account = issuer.admit(token, state.common.now()).map_err(|denial| unauthorized(denial.as_deref()))?;
    let login = issuer.login(account);
    let said = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    if said("chatgpt-account-id") != Some(login.account_id.as_str()) {
        return Err(Reply::detail(403, "Unauthorized"));
    }
    // A workspace with a place is served there alone, and one of the others nowhere special.
    let place = login.residency.as_deref().filter(|region| *region != "no_constraint");
    if said("x-openai-internal-codex-residency") != place {
        return Err(Reply::detail(401, "Workspace is not authorized in this region."));
    }
    if said("x-openai-fedramp") != login.is_fedramp.then_some("true") {
        return Err(Reply::detail(401, "Unauthorized"));
    }
    Ok(account)
}

/// A 401, with a code or without.
pub(super) fn unauthorized(code: Option<&str>) -> Reply {
    let Some(code) = code else {
        return Reply::detail(401, "Unauthorized");
    };
    let message = match code {
        "token_expired" => "Provided authentication token is expired. Please try signing in again.",
        "token_invalidated" => "Your authentication token has been invalidated. Please try signing in again.",
        _ => "Your authentication token is not valid. Please try signing in again.",
    };
    let error = json!({ "message": message, "type": "invalid_request_error", "param": null, "code": code });
    Reply::json(401, &json!({ "error": error, "status": 401 }))
}
