//! What tests alone do: let everything go wrong that can, and look at what was asked.

use std::ops::Deref;
use std::time::Duration;

use crate::answer::Answer;
use crate::chatgpt::account::{Account, Login, Tokens};
use crate::chatgpt::catalogue::{Model, VersionRefusal};
use crate::chatgpt::devices::Decision;
use crate::chatgpt::meters::Meter;
use crate::chatgpt::prompt_cache::CacheCounts;
use crate::chatgpt::quota::{Credits, Quota};
use crate::chatgpt::state::{ChatGpt, Person};
use crate::chatgpt::token_fault::{RefusalShape, TokenFault};
use crate::chatgpt::token_log::TokenCall;
use crate::record::RecordedRequest;
use crate::server::Server;

/// A request, and whose token it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The account of its access token, good or not; `None` when it had none, or one that was never issued.
    pub account: Option<Account>,
    /// The request as it arrived.
    pub recorded: RecordedRequest,
}

impl Deref for Request {
    type Target = RecordedRequest;

    fn deref(&self) -> &RecordedRequest {
        &self.recorded
    }
}

/// People and their tokens.
impl Server<ChatGpt> {
    /// Signs an account in once more, as another program would: a family of tokens of its own.
    pub fn sign_in_again(&self, account: Account) -> Tokens {
        self.face.issuer().sign_in(account, self.face.common.now())
    }

    /// The login of an account.
    pub fn login(&self, account: Account) -> Login {
        self.face.issuer().login(account).clone()
    }

    /// Sets how long the access tokens are good that are issued from now on; an hour at the start.
    pub fn set_access_lifetime(&self, lifetime: Duration) {
        self.face.issuer().policy.access_lifetime = lifetime;
    }

    /// Lets the refresh tokens that an account has now answer `refresh_token_expired`.
    pub fn expire_refresh(&self, account: Account) {
        self.face.issuer().expire_refresh(account);
    }

    /// Ends every family of an account: its refresh tokens answer `refresh_token_invalidated`. Access tokens stay good.
    pub fn invalidate_refresh(&self, account: Account) {
        self.face.issuer().revoke_families(account);
    }
}

/// The issuer's doors.
impl Server<ChatGpt> {
    /// Whether a refresh uses the refresh token up, as at the start; else the answer leaves `refresh_token` out.
    pub fn set_rotation(&self, rotates: bool) {
        self.face.issuer().policy.rotates = rotates;
    }

    /// The status, 400 or 401, and the shape of every refused refresh; 401 and [`RefusalShape::ErrorCode`] at the start.
    pub fn set_refresh_refusal(&self, status: u16, shape: RefusalShape) {
        self.face.settings().refresh_refusal = (status, shape);
    }

    /// Whether refreshes of two accounts at the same instant end the families of both; off at the start.
    pub fn revoke_on_simultaneous_refresh(&self, on: bool) {
        self.face.issuer().policy.revokes_on_simultaneous_refresh = on;
    }

    /// Queues a fault for the next call of `/oauth/token`.
    pub fn script_token(&self, fault: TokenFault) {
        self.face.settings().token_faults.push_back((None, fault));
    }

    /// Queues a fault for the next call of `/oauth/token` with a code or a refresh token of this account.
    pub fn script_token_of(&self, account: Account, fault: TokenFault) {
        self.face.settings().token_faults.push_back((Some(account), fault));
    }

    /// Every call of `/oauth/token` and `/oauth/revoke`, in order of arrival.
    pub fn token_calls(&self) -> Vec<TokenCall> {
        self.face.token_log.calls().all.clone()
    }

    /// How many calls of `/oauth/token` ran at once at most.
    pub fn max_token_calls_in_flight(&self) -> usize {
        self.face.token_log.calls().most_in_flight
    }

    /// Lets the person before the browser say no, every time from now on.
    pub fn denies(&self) {
        self.face.settings().person = Person::Denies;
    }

    /// Whether a redirect must go to port 1455 or 1457, as in reality; off at the start, so that tests can run at once.
    pub fn only_registered_ports(&self, on: bool) {
        self.face.settings().only_registered_ports = on;
    }

    /// Whether the device flow is allowed, as at the start; else its first step answers 404.
    pub fn set_device_flow(&self, on: bool) {
        self.face.devices().enabled = on;
    }

    /// Sets how long later device codes are good; 15 minutes at the start.
    pub fn set_device_lifetime(&self, lifetime: Duration) {
        self.face.devices().lifetime = lifetime;
    }

    /// Sets the status that says "pending": 403 at the start, or 404.
    pub fn set_device_pending_status(&self, status: u16) {
        self.face.devices().pending_status = status;
    }

    /// Enters a user code and says no; `false` when it does not wait for anyone.
    pub fn deny_device(&self, user_code: &str) -> bool {
        self.face.devices().decide(user_code, Decision::Denied)
    }
}

/// The backend.
impl Server<ChatGpt> {
    /// Queues a refusal for the next handshake of an account; one that serves lets it through.
    pub fn script_handshake(&self, account: Account, answer: Answer) {
        self.face.backend().of(account).handshakes.queue(answer);
    }

    /// Whether there is a WebSocket, as at the start; else a handshake is answered 426.
    pub fn set_websocket(&self, on: bool) {
        self.face.backend().websocket = on;
    }

    /// Queues `answer` for the next look at an account's usage; one that serves is the usual document.
    pub fn script_usage(&self, account: Account, answer: Answer) {
        self.face.backend().of(account).usage_looks.queue(answer);
    }

    /// The quota of an account at this moment.
    pub fn quota(&self, account: Account) -> Quota {
        self.face.backend().quota(account, self.face.common.now())
    }

    /// Sets what an account can spend beyond its windows: nothing at the start.
    pub fn set_credits(&self, account: Account, credits: Credits) {
        self.face.backend().of(account).credits = credits;
    }

    /// Sets how many credits a response takes that the plan has no quota for; none at the start.
    pub fn set_credit_step(&self, credits: f64) {
        self.face.backend().credit_step = credits;
    }

    /// Gives an account a limit of single models, or changes the one of this id; it has none at the start.
    pub fn set_meter(&self, account: Account, meter: Meter) {
        let mut backend = self.face.backend();
        let meters = &mut backend.of(account).meters;
        meters.retain(|each| each.id != meter.id);
        meters.push(meter);
    }

    /// Whether an account with a window at 100 % and no credits is answered the usage limit, as at the start.
    pub fn limit_at_full(&self, on: bool) {
        self.face.backend().limit_at_full = on;
    }

    /// Whether answers have the quota headers, as at the start.
    pub fn set_quota_headers(&self, on: bool) {
        self.face.backend().shown.quota_headers = on;
    }

    /// Whether streams begin with a `codex.rate_limits` event; off at the start. Scripts do not count it.
    pub fn set_rate_limit_event(&self, on: bool) {
        self.face.backend().shown.rate_limit_event = on;
    }

    /// Sets what the backend says of the place of an account's workspace, `NO_CONSTRAINT` at the start: the origin of its
    /// requests, and what they say of their way.
    pub fn set_place(&self, account: Account, origin: &str, routing: &str) {
        self.face.backend().of(account).place = Some((origin.to_owned(), routing.to_owned()));
    }

    /// Sets the models of every account without a list of its own: those of the catalogue by their names, and full ones
    /// of any other name.
    pub fn set_models(&self, models: &[&str]) {
        let mut backend = self.face.backend();
        backend.models = named(&backend.models, models);
    }

    /// Sets the models of one account in the same way.
    pub fn set_models_of(&self, account: Account, models: &[&str]) {
        let mut backend = self.face.backend();
        let models = named(&backend.models, models);
        backend.of(account).models = Some(models);
    }

    /// How a model is refused to clients older than it wants, and to those that say no version: [`VersionRefusal::Newer`] at
    /// the start. `None` serves it to all.
    pub fn set_version_gate(&self, refusal: Option<VersionRefusal>) {
        self.face.backend().version_gate = refusal;
    }

    /// How often the prompts of an account were found in the cache so far.
    pub fn cache_counts(&self, account: Account) -> CacheCounts {
        self.face.backend().cache.counts.get(&account).copied().unwrap_or_default()
    }

    /// Adds a model in front of all, or changes it.
    pub fn set_model(&self, model: Model) {
        let models = &mut self.face.backend().models;
        models.retain(|each| each.slug != model.slug);
        models.insert(0, model);
    }
}

fn named(known: &[Model], slugs: &[&str]) -> Vec<Model> {
    let model =
        |slug: &&str| known.iter().find(|model| model.slug == **slug).cloned().unwrap_or_else(|| Model::new(slug));
    slugs.iter().map(model).collect()
}

/// What was asked.
impl Server<ChatGpt> {
    /// The requests since the start or the last [`Traffic::clear_requests`](crate::Traffic::clear_requests), in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        let requests = self.face.common.traffic.requests();
        let issuer = self.face.issuer();
        let of = |recorded: RecordedRequest| Request {
            account: recorded.key.as_deref().and_then(|token| issuer.owner(token)),
            recorded,
        };
        requests.into_iter().map(of).collect()
    }

    /// The requests of `path`, whatever their query.
    pub fn requests_of(&self, path: &str) -> Vec<Request> {
        let is_of = |request: &Request| request.path_and_query.split('?').next() == Some(path);
        self.requests().into_iter().filter(is_of).collect()
    }
}
