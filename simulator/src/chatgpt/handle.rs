//! What a test or the demo does with the server: adds people, scripts what goes wrong, and looks at what was asked.

use std::ops::Deref;
use std::time::Duration;

use super::account::{Account, Login, Tokens};
use super::answer::Answer;
use super::authorize::Person;
use super::catalogue::{Model, VersionRefusal};
use super::meters::{Meter, SpendingLimit};
use super::prompt_cache::CacheCounts;
use super::quota::{Credits, Quota};
use super::token::{RefusalShape, TokenFault};
use super::token_log::TokenCall;
use super::{RecordedRequest, SimulatedChatGpt, Traffic};

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
impl SimulatedChatGpt {
    /// Makes a login known and signs it in: what is returned is good now.
    pub fn add_login(&self, login: Login) -> Tokens {
        let now = self.state.now();
        let account = self.state.issuer().add(login);
        self.state.backend().add(account, now);
        self.state.issuer().sign_in(account, now)
    }

    /// Signs an account in once more, as another program would: a family of tokens of its own.
    pub fn sign_in_again(&self, account: Account) -> Tokens {
        self.state.issuer().sign_in(account, self.state.now())
    }

    /// What an account was given last, by whichever way.
    pub fn tokens(&self, account: Account) -> Tokens {
        let tokens = self.state.issuer().latest(account).cloned();
        tokens.expect("an account is signed in when it is added")
    }

    /// The login of an account.
    pub fn login(&self, account: Account) -> Login {
        self.state.issuer().login(account).clone()
    }

    /// Sets how long the access tokens are good that are issued from now on; an hour at the start.
    pub fn set_access_lifetime(&self, lifetime: Duration) {
        self.state.issuer().policy.access_lifetime = lifetime;
    }

    /// Refuses the access tokens that an account has now with a bare `Unauthorized`.
    pub fn expire_access(&self, account: Account) {
        self.state.issuer().refuse_access(account, &None);
    }

    /// The same with a code: `token_expired`, `token_invalidated` or `token_revoked`.
    pub fn refuse_access(&self, account: Account, code: &str) {
        self.state.issuer().refuse_access(account, &Some(code.to_owned()));
    }

    /// Lets the refresh tokens that an account has now answer `refresh_token_expired`.
    pub fn expire_refresh(&self, account: Account) {
        self.state.issuer().expire_refresh(account);
    }

    /// Ends every family of an account: its refresh tokens answer `refresh_token_invalidated`. Access tokens stay good.
    pub fn invalidate_refresh(&self, account: Account) {
        self.state.issuer().revoke_families(account);
    }
}

/// The issuer's doors.
impl SimulatedChatGpt {
    /// Whether a refresh uses the refresh token up, as at the start; else the answer leaves `refresh_token` out.
    pub fn set_rotation(&self, rotates: bool) {
        self.state.issuer().policy.rotates = rotates;
    }

    /// The status, 400 or 401, and the shape of every refused refresh; 401 and [`RefusalShape::ErrorCode`] at the start.
    pub fn set_refresh_refusal(&self, status: u16, shape: RefusalShape) {
        self.state.settings().refresh_refusal = (status, shape);
    }

    /// Whether refreshes of two accounts at the same instant end the families of both; off at the start.
    pub fn revoke_on_simultaneous_refresh(&self, on: bool) {
        self.state.issuer().policy.revokes_on_simultaneous_refresh = on;
    }

    /// Queues a fault for the next call of `/oauth/token`.
    pub fn script_token(&self, fault: TokenFault) {
        self.state.settings().script_token(None, fault);
    }

    /// Queues a fault for the next call of `/oauth/token` with a code or a refresh token of this account.
    pub fn script_token_of(&self, account: Account, fault: TokenFault) {
        self.state.settings().script_token(Some(account), fault);
    }

    /// Every call of `/oauth/token` and `/oauth/revoke`, in order of arrival.
    pub fn token_calls(&self) -> Vec<TokenCall> {
        self.state.token_log().so_far()
    }

    /// How many calls of `/oauth/token` ran at once at most.
    pub fn max_token_calls_in_flight(&self) -> usize {
        self.state.token_log().most_in_flight()
    }

    /// Lets the person before the browser sign in as this account, every time from now on.
    pub fn signs_in(&self, account: Account) {
        self.state.settings().person = Person::SignsIn(account);
    }

    /// Lets the person before the browser say no, every time from now on.
    pub fn denies(&self) {
        self.state.settings().person = Person::Denies;
    }

    /// Whether a redirect must go to port 1455 or 1457, as in reality; off at the start, so that tests can run at once.
    pub fn only_registered_ports(&self, on: bool) {
        self.state.settings().only_registered_ports = on;
    }

    /// Whether the device flow is allowed, as at the start; else its first step answers 404.
    pub fn set_device_flow(&self, on: bool) {
        self.state.devices().enabled = on;
    }

    /// Sets the seconds between two polls that later device codes ask for; 1 at the start, 5 in reality.
    pub fn set_device_interval(&self, seconds: u64) {
        self.state.devices().interval_seconds = seconds;
    }

    /// Sets how long later device codes are good; 15 minutes at the start.
    pub fn set_device_lifetime(&self, lifetime: Duration) {
        self.state.devices().lifetime = lifetime;
    }

    /// Sets the status that says "pending": 403 at the start, or 404.
    pub fn set_device_pending_status(&self, status: u16) {
        self.state.devices().pending_status = status;
    }

    /// The user codes that nobody has entered yet.
    pub fn waiting_user_codes(&self) -> Vec<String> {
        self.state.devices().waiting()
    }

    /// Enters a user code as this account; `false` when it does not wait for anyone.
    pub fn approve_device(&self, user_code: &str, account: Account) -> bool {
        self.state.devices().approve(user_code, account)
    }

    /// Enters the next user code as this account as soon as it is polled.
    pub fn approve_next_device(&self, account: Account) {
        self.state.devices().approve_next(account);
    }

    /// Enters a user code and says no; `false` when it does not wait for anyone.
    pub fn deny_device(&self, user_code: &str) -> bool {
        self.state.devices().deny(user_code)
    }
}

/// The backend.
impl SimulatedChatGpt {
    /// Queues `answer` for the next response of an account that its rules let through; first in, first out.
    pub fn script(&self, account: Account, answer: Answer) {
        self.state.backend().of(account).scripted.push_back(answer);
    }

    /// Queues a refusal for the next handshake of an account; one that serves lets it through.
    pub fn script_handshake(&self, account: Account, answer: Answer) {
        self.state.backend().of(account).handshakes_scripted.push_back(answer);
    }

    /// Whether there is a WebSocket, as at the start; else a handshake is answered 426.
    pub fn set_websocket(&self, on: bool) {
        self.state.backend().websocket = on;
    }

    /// Gives every response of an account that no script answers this `answer`, until `None`.
    pub fn always(&self, account: Account, answer: Option<Answer>) {
        self.state.backend().of(account).always = answer;
    }

    /// Queues `answer` for the next look at an account's usage; one that serves is the usual document.
    pub fn script_usage(&self, account: Account, answer: Answer) {
        self.state.backend().of(account).usage_scripted.push_back(answer);
    }

    /// Changes what every later answer says.
    pub fn set_text(&self, text: &str) {
        self.state.backend().text = text.into();
    }

    /// Sets the quota of an account: five hours and a week at the start, both unused.
    pub fn set_quota(&self, account: Account, quota: Quota) {
        self.state.backend().of(account).quota = quota;
    }

    /// The quota of an account at this moment.
    pub fn quota(&self, account: Account) -> Quota {
        self.state.backend().quota(account, self.state.now())
    }

    /// Sets what an account can spend beyond its windows: nothing at the start.
    pub fn set_credits(&self, account: Account, credits: Credits) {
        self.state.backend().of(account).credits = credits;
    }

    /// Sets how many credits a response takes that the plan has no quota for; none at the start.
    pub fn set_credit_step(&self, credits: f64) {
        self.state.backend().credit_step = credits;
    }

    /// Lets the credits of an account serve no more for this reason, or again.
    pub fn set_spending_limit(&self, account: Account, limit: Option<SpendingLimit>) {
        self.state.backend().of(account).spending_limit = limit;
    }

    /// Gives an account a limit of single models, or changes the one of this id; it has none at the start.
    pub fn set_meter(&self, account: Account, meter: Meter) {
        let mut backend = self.state.backend();
        let meters = &mut backend.of(account).meters;
        meters.retain(|each| each.id != meter.id);
        meters.push(meter);
    }

    /// Sets how much of every window one response uses, in percent; 0 at the start.
    pub fn set_quota_step(&self, percent: f64) {
        self.state.backend().quota_step = percent;
    }

    /// Whether an account with a window at 100 % and no credits is answered the usage limit, as at the start.
    pub fn limit_at_full(&self, on: bool) {
        self.state.backend().limit_at_full = on;
    }

    /// Whether answers have the quota headers, as at the start.
    pub fn set_quota_headers(&self, on: bool) {
        self.state.backend().shown.quota_headers = on;
    }

    /// Whether streams begin with a `codex.rate_limits` event; off at the start. Scripts do not count it.
    pub fn set_rate_limit_event(&self, on: bool) {
        self.state.backend().shown.rate_limit_event = on;
    }

    /// Whether the last event of a stream has the output once more; off at the start, as in reality.
    pub fn set_output_in_completed(&self, on: bool) {
        self.state.backend().shown.output_in_completed = on;
    }

    /// Sets what the backend says of the place of an account's workspace, `NO_CONSTRAINT` at the start: the origin of its
    /// requests, and what they say of their way.
    pub fn set_place(&self, account: Account, origin: &str, routing: &str) {
        self.state.backend().of(account).place = Some((origin.to_owned(), routing.to_owned()));
    }

    /// Sets the models of every account without a list of its own: those of the catalogue by their names, and full ones
    /// of any other name.
    pub fn set_models(&self, models: &[&str]) {
        let mut backend = self.state.backend();
        backend.models = named(&backend.models, models);
    }

    /// Sets the models of one account in the same way.
    pub fn set_models_of(&self, account: Account, models: &[&str]) {
        let mut backend = self.state.backend();
        let models = named(&backend.models, models);
        backend.of(account).models = Some(models);
    }

    /// How a model is refused to clients older than it wants, and to those that say no version: [`VersionRefusal::Newer`] at
    /// the start. `None` serves it to all.
    pub fn set_version_gate(&self, refusal: Option<VersionRefusal>) {
        self.state.backend().version_gate = refusal;
    }

    /// Whether a model finds a request in Responses Lite that does not say that it is one, as at the start, and sees no tools
    /// then; else it is answered 404.
    pub fn set_unmarked_lite_routed(&self, on: bool) {
        self.state.backend().routes_unmarked_lite = on;
    }

    /// How often the prompts of an account were found in the cache so far.
    pub fn cache_counts(&self, account: Account) -> CacheCounts {
        self.state.backend().cache.counts(account)
    }

    /// Adds a model in front of all, or changes it.
    pub fn set_model(&self, model: Model) {
        let models = &mut self.state.backend().models;
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
impl SimulatedChatGpt {
    /// The requests since the start or the last [`Traffic::clear_requests`], in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        let requests = self.state.traffic.requests();
        let issuer = self.state.issuer();
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

    /// What is open now, whether requests are recorded, and how fast streams are sent.
    pub fn traffic(&self) -> &Traffic {
        &self.state.traffic
    }
}
