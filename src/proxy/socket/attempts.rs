//! The way to an account whose upstream speaks WebSocket: at a client's handshake, and for each of its turns. An account
//! is tried at most once after it was refused, by the rules of every request.

use std::time::{Duration, Instant};

use hyper::Response;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::clock;
use crate::domain::account::AccountId;
use crate::domain::health::Outcome;
use crate::domain::routing::failover::{Keeps, Verdict, is_failure, short_wait, unwaited, verdict};
use crate::domain::routing::setback::Setback;
use crate::manager::outcomes::Measured;
use crate::manager::router::{Refusal, Route, RouteRequest, Written};
use crate::manager::tokens::WithoutToken;
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::errors;
use crate::proxy::request::{SHORT_WAITS, unserved_by_all, unserved_by_logins};
use crate::proxy::send::translated::Translation;
use crate::proxy::socket::asked::Asked;
use crate::proxy::socket::opening::{Agreed, Opened, Opening};
use crate::proxy::state::ProxyState;

/// One upstream has this long for a handshake, as it has for a connection: a silent one leaves the next its time.
const ONE_HANDSHAKE: Duration = Duration::from_secs(10);

/// What is tried for a handshake or a turn.
pub struct Attempts<'p> {
    proxy: &'p ProxyState,
    opening: &'p Opening,
    /// What is asked for.
    pub request: RouteRequest,
    /// The message, of a turn.
    pub asked: Option<Asked>,
    /// Which accounts may be used.
    admits: fn(&ProxyState, &Route, &RouteRequest) -> bool,
    /// When the client stops waiting, if it does.
    deadline: Option<Instant>,
    /// What attempts proved, on its way to the file.
    pub writes: Vec<Written>,
    /// Upstream calls that ended in a 5xx or in nothing.
    failures: u32,
    /// Attempts beyond the first.
    pub retries: u32,
    /// How often it waited for an account to be free.
    waits: u32,
    short_waits: u32,
    /// The logins whose token was refused and renewed for this.
    renewed: Vec<AccountId>,
    without_token: Option<String>,
    unreachable: Option<String>,
    /// The error to give when no account serves: its status too.
    kept: Option<(u16, Value)>,
}

/// The socket that is open: its account may serve the next turn too.
pub trait Open {
    /// Whether it can be used for the account of `route`, which then says what it was opened with.
    fn is_for(&self, route: &mut Route) -> bool;
}

/// An account that can serve.
pub enum Reached {
    /// By the socket that is open.
    Open(Route),
    /// By one that was opened.
    Opened(Route, Box<Agreed>),
}

/// Why none can.
pub enum Stuck {
    /// No account is left.
    Refused(Refusal),
    /// The upstream has no WebSocket for this, or refuses it, with this status.
    NoSocket(u16),
    /// Enough was tried.
    Spent,
}

/// What follows from an answer that does not serve.
pub enum Step {
    /// The same account, once more.
    Same(Route),
    /// The next account.
    Another,
    /// The answer is the client's.
    Stands,
}

impl<'p> Attempts<'p> {
    /// For `request`, of which `asked` is the message.
    pub fn new(
        proxy: &'p ProxyState,
        opening: &'p Opening,
        request: RouteRequest,
        asked: Option<Asked>,
    ) -> Attempts<'p> {
        Attempts {
            proxy,
            opening,
            request,
            asked,
            admits: |_, _, _| true,
            deadline: None,
            writes: Vec::new(),
            failures: 0,
            retries: 0,
            waits: 0,
            short_waits: SHORT_WAITS,
            renewed: Vec::new(),
            without_token: None,
            unreachable: None,
            kept: None,
        }
    }

    /// The same with the accounts alone that `admits` says, until `deadline`.
    #[must_use = "this returns the attempts with their bounds"]
    pub fn within(self, deadline: Instant, admits: fn(&ProxyState, &Route, &RouteRequest) -> bool) -> Attempts<'p> {
        Attempts { deadline: Some(deadline), admits, ..self }
    }

    /// Tries accounts until one can serve. `open` is dropped before another socket is opened: there is one at a time.
    pub async fn reach<O: Open>(
        &mut self,
        open: &mut Option<O>,
        bind: impl Fn(&O, &mut RouteRequest),
    ) -> Result<Reached, Stuck> {
        loop {
            self.proxy.manager.consult(&mut self.request).await;
            if let Some(open) = open.as_ref() {
                bind(open, &mut self.request);
            }
            let mut route = match self.proxy.manager.route(&self.request) {
                Ok(route) => route,
                Err(refusal) if self.waited(&refusal).await => continue,
                Err(refusal) => return Err(Stuck::Refused(refusal)),
            };
            if !(self.admits)(self.proxy, &route, &self.request) {
                return Err(Stuck::NoSocket(0));
            }
            let is_login = route.target.credential.login().is_some();
            if is_login
                && let Some(asked) = &mut self.asked
                && !asked.is_ready_for_login(self.proxy, &self.request, &route.account).await
            {
                self.request.needs_api_key = true;
                continue;
            }
            if open.as_ref().is_some_and(|open| open.is_for(&mut route)) {
                return Ok(Reached::Open(route));
            }
            *open = None;
            if is_login {
                let account = route.account.clone();
                let has_others = self.proxy.manager.has_others(&self.request, &account);
                route = match self.proxy.manager.with_token(route, has_others).await {
                    Ok(route) => route,
                    Err(why) => {
                        self.has_no_token(&account, why);
                        self.request.attempt += 1;
                        continue;
                    }
                };
            }
            if let Some(reached) = self.open(route).await? {
                return Ok(reached);
            }
        }
    }

    /// Opens a socket with an account. `None` when another one is to be tried.
    async fn open(&mut self, mut route: Route) -> Result<Option<Reached>, Stuck> {
        loop {
            let manager = &self.proxy.manager;
            let left = self.deadline.map(|deadline| deadline.saturating_duration_since(clock::instant()));
            let patience = left.map_or(ONE_HANDSHAKE, |left| left.min(ONE_HANDSHAKE));
            match self.opening.open(manager, (&route, &self.request), patience, &mut self.writes).await {
                Opened::Agreed(agreed) => return Ok(Some(Reached::Opened(route, agreed))),
                Opened::Unsendable => {
                    self.unreachable.get_or_insert_with(|| {
                        format!("the key of `{}` is not valid in a header; set it again", route.target.label)
                    });
                    self.next(&route.account, Setback::Unsendable);
                    return Ok(None);
                }
                Opened::Silent(why) => return self.silent(&route, why).map(|()| None),
                Opened::NoSocket(status) => return self.without_socket(&route, status).map(|()| None),
                Opened::Refused(refused) => {
                    let status = refused.measured.status;
                    match self.judge(route, refused.outcome, refused.measured, refused.error).await {
                        Step::Same(same) => route = same,
                        Step::Another => return Ok(None),
                        // Its upstream has no socket for this, and the same request over HTTP is told why.
                        Step::Stands => return Err(Stuck::NoSocket(status)),
                    }
                }
            }
        }
    }

    /// An upstream answered, and not with a socket. A turn goes to the next account; a client that has no socket yet is
    /// served over HTTP by this one.
    fn without_socket(&mut self, route: &Route, status: u16) -> Result<(), Stuck> {
        if self.asked.is_none() {
            return Err(Stuck::NoSocket(status));
        }
        self.next(&route.account, Setback::Refused(status));
        Ok(())
    }

    /// No answer came from the account of `route`, which was recorded.
    pub fn silent(&mut self, route: &Route, why: String) -> Result<(), Stuck> {
        self.failures += 1;
        self.unreachable = Some(why);
        let is_late = self.deadline.is_some_and(|deadline| clock::instant() >= deadline);
        self.next(&route.account, Setback::NoAnswer);
        if is_late || self.failures >= self.proxy.manager.session().config().max_attempts() {
            Err(Stuck::Spent)
        } else {
            Ok(())
        }
    }

    /// What an answer calls for that is no success, whether it refuses a handshake or a turn.
    pub async fn judge(&mut self, route: Route, outcome: Outcome, measured: Measured, mut error: Value) -> Step {
        let manager = &self.proxy.manager;
        if matches!(outcome, Outcome::CredentialRefused { .. })
            && let Some(login) = route.target.credential.login()
            && !self.renewed.contains(&route.account)
        {
            let refused = login.access_token.clone();
            drop(manager.record(&route, &self.request, &Outcome::PassThrough, measured));
            let account = route.account.clone();
            self.renewed.push(account.clone());
            self.retries += 1;
            let has_others = manager.has_others(&self.request, &account);
            return match manager.renewed(route, refused, has_others).await {
                Ok(route) => Step::Same(route),
                Err(why) => {
                    self.has_no_token(&account, why);
                    Step::Another
                }
            };
        }
        if let Some(wait) = short_wait(&outcome, manager.session().config().short_retry())
            && self.short_waits > 0
        {
            self.short_waits -= 1;
            self.retries += 1;
            manager.waits_shortly(&route, &self.request, measured);
            tokio::time::sleep(wait).await;
            return Step::Same(route);
        }
        let outcome = unwaited(outcome);
        self.writes.extend(manager.record(&route, &self.request, &outcome, measured));
        let Some(setback) = Setback::of(&outcome, measured.status, manager.session().now()) else {
            return Step::Stands;
        };
        self.failures += u32::from(is_failure(&outcome));
        let is_spent = self.failures >= manager.session().config().max_attempts();
        let Verdict::Another { keeps } = verdict(&outcome, is_spent) else { return Step::Stands };
        self.next(&route.account, setback);
        if let (Outcome::ModelUnavailable { is_of_version: true }, Some(Value::String(message))) =
            (&outcome, error.get_mut("message"))
        {
            message.push(' ');
            message.push_str(&errors::version_advice(self.request.client_version));
        }
        match keeps {
            Keeps::First if self.kept.is_none() => self.kept = Some((measured.status, error)),
            Keeps::Last => self.kept = Some((measured.status, error)),
            Keeps::First | Keeps::Nothing => {}
        }
        Step::Another
    }

    /// The account is out for this, and the next one is tried.
    fn next(&mut self, account: &AccountId, setback: Setback) {
        self.request.tried.push((account.clone(), setback));
        self.request.attempt += 1;
        self.retries += 1;
        self.short_waits = SHORT_WAITS;
    }

    fn has_no_token(&mut self, account: &AccountId, why: WithoutToken) {
        self.request.tried.push((account.clone(), Setback::NoToken));
        if let WithoutToken::Late(why) = why {
            let pool = self.proxy.manager.accounts().view().pool;
            let label = pool.position(account).map(|position| pool.members[position].label.as_str());
            self.without_token = Some(format!("`{}`: {why}", label.unwrap_or_default()));
        }
    }

    /// Whether an account is to be looked for once more, after a wait for one to be free.
    async fn waited(&mut self, refusal: &Refusal) -> bool {
        let (Refusal::Exhausted(exhausted) | Refusal::Bound(_, Some(exhausted))) = refusal else { return false };
        // Whoever has no socket yet waits over HTTP.
        let waited =
            self.asked.is_some() && self.proxy.manager.wait_for_room(&self.request, exhausted, self.waits).await;
        if waited {
            self.waits += 1;
            self.request.tried.clear();
            self.unreachable = None;
        }
        waited
    }

    /// Whether an account could serve the same if nothing bound it.
    pub fn could_be_another(&mut self, but: &AccountId) -> bool {
        let bound = self.request.bound.take();
        let could = self.proxy.manager.has_others(&self.request, but);
        self.request.bound = bound;
        could
    }

    /// The answer where no account can serve, as it would be over HTTP; or an upstream's own error and its status.
    pub fn answer_to(&mut self, stuck: &Stuck) -> Result<Response<ProxyBody>, (u16, Value)> {
        if let Some(kept) = self.kept.take() {
            return Err(kept);
        }
        let manager = &self.proxy.manager;
        let untried = Translation::Untried;
        let translation = self.asked.as_ref().map_or(&untried, Asked::translation);
        let why = || self.unreachable.as_deref().unwrap_or("no upstream serves a WebSocket");
        let refusal = match stuck {
            Stuck::Refused(refusal) => refusal,
            Stuck::NoSocket(_) | Stuck::Spent => return Ok(errors::unreachable(why(), self.has_answer())),
        };
        let is_limited = matches!(refusal, Refusal::Exhausted(exhausted) if exhausted.rate_limited);
        Ok(match (unserved_by_logins(manager, &self.request, translation, refusal), &self.without_token) {
            (Some(answer), _) => answer,
            // A limit says more than an upstream that may be there again in a moment, and than a token that is late.
            _ if self.unreachable.is_some() && !(is_limited && self.has_answer()) => {
                errors::unreachable(why(), self.has_answer())
            }
            (None, Some(why)) if !is_limited => errors::no_token(why),
            (None, _) => unserved_by_all(manager, &self.request, translation, refusal),
        })
    }

    /// Whether any account that was tried gave an answer.
    fn has_answer(&self) -> bool {
        let is_silent = |setback: &Setback| matches!(setback, Setback::NoAnswer | Setback::Unsendable);
        self.request.tried.iter().any(|(_, setback)| !is_silent(setback))
    }

    /// Says how it went.
    pub fn name(&self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::from_str(&self.request.request_id) {
            headers.insert(HeaderName::from_static("x-request-id"), id);
        }
        headers.insert(HeaderName::from_static("x-retry-count"), HeaderValue::from(self.retries));
        let strategy = HeaderValue::from_static(self.proxy.manager.session().strategy().name());
        headers.insert(HeaderName::from_static("x-routing-strategy"), strategy);
    }

    /// No answer came, and nothing more is tried.
    pub fn unanswered(&mut self, why: &str) {
        self.unreachable = Some(why.to_owned());
    }

    /// The proxy.
    pub fn proxy(&self) -> &'p ProxyState {
        self.proxy
    }
}
