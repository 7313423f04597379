//! What the backend knows of each account: its scripts, its quota and its models. And who is let in.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use hyper::http::request::Parts;
use serde_json::json;

use super::account::Account;
use super::answer::Answer;
use super::catalogue::{Model, VersionRefusal, models};
use super::meters::{Limit, Meter, SpendingLimit};
use super::prompt_cache::PromptCache;
use super::quota::{Credits, Quota};
use super::reply::Reply;
use super::state::State;
use crate::clock::Timestamp;
use crate::record::bearer;

pub(super) struct Backend {
    pub(super) text: Arc<str>,
    pub(super) models: Vec<Model>,
    /// How much of every window one response uses, in percent.
    pub(super) quota_step: f64,
    pub(super) limit_at_full: bool,
    /// How many credits a response takes that the plan has no quota for.
    pub(super) credit_step: f64,
    pub(super) shown: Shown,
    /// How a model is refused to a client older than it wants; `None` serves it to all.
    pub(super) version_gate: Option<VersionRefusal>,
    /// Whether a model finds a request in Lite that does not say that it is one.
    pub(super) routes_unmarked_lite: bool,
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
    /// Whether the last event has the output once more.
    pub(super) output_in_completed: bool,
}

/// One account.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) scripted: VecDeque<Answer>,
    pub(super) always: Option<Answer>,
    pub(super) handshakes_scripted: VecDeque<Answer>,
    pub(super) usage_scripted: VecDeque<Answer>,
    pub(super) quota: Quota,
    pub(super) credits: Credits,
    /// Why the credits do not serve.
    pub(super) spending_limit: Option<SpendingLimit>,
    pub(super) meters: Vec<Meter>,
    pub(super) models: Option<Vec<Model>>,
    /// The origin of its workspace's backend and its routing, as `/wham/accounts/check` says them.
    pub(super) place: Option<(String, String)>,
}

impl Backend {
    pub(super) fn new() -> Backend {
        Backend {
            text: super::DEFAULT_TEXT.into(),
            models: models(),
            quota_step: 0.0,
            limit_at_full: true,
            credit_step: 0.0,
            shown: Shown { quota_headers: true, rate_limit_event: false, output_in_completed: false },
            version_gate: Some(VersionRefusal::Newer),
            routes_unmarked_lite: true,
            cache: PromptCache::default(),
            websocket: true,
            accounts: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, account: Account, now: Timestamp) {
        self.accounts.insert(account, Standing { quota: Quota::fresh(now), ..Standing::default() });
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
        let standing = self.of(account);
        let meter = standing.meters.iter_mut().find(|meter| meter.models.iter().any(|known| known == model));
        let quota = meter.map(|meter| {
            meter.quota.roll(now);
            meter.clone()
        });
        match quota {
            Some(meter) => Limit { quota: meter.quota, meter: Some(meter) },
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
        let standing = self.of(account);
        let pays = standing.spending_limit.is_none() && (standing.credits.has_credits || standing.credits.unlimited);
        let serves_on = pays && limit.meter.is_none();
        limit.quota.full_until().filter(|_| self.limit_at_full && !serves_on)
    }

    /// The answer that the next response of `account` gets.
    pub(super) fn take_answer(&mut self, account: Account) -> Answer {
        let standing = self.of(account);
        standing.scripted.pop_front().or_else(|| standing.always.clone()).unwrap_or(Answer::Normal)
    }

    /// The models that `account` may use.
    pub(super) fn models_of(&self, account: Account) -> &[Model] {
        let own = self.accounts.get(&account).and_then(|standing| standing.models.as_deref());
        own.unwrap_or(&self.models)
    }
}

/// The account whose token and whose id a request came with, or the refusal.
pub(super) fn admit(state: &State, head: &Parts) -> Result<Account, Reply> {
    let token = bearer(head).ok_or_else(|| unauthorized(None))?;
    let issuer = state.issuer();
    let account = issuer.admit(token, state.now()).map_err(|denial| unauthorized(denial.as_deref()))?;
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
