//! One call of an upstream: what is sent, and what is made of the answer.

use std::time::Instant;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response};
use serde_json::Value;

use crate::clock;
use crate::domain::account::Kind;
use crate::domain::health::Outcome;
use crate::domain::resources::{CreatedIds, Keeps};
use crate::domain::routing::failover::{short_wait, unwaited};
use crate::domain::routing::setback::Setback;
use crate::domain::time::Timestamp;
use crate::domain::translate::{Door, Dropped, StreamTranslator};
use crate::domain::usage::{Asks, rate_headers};
use crate::manager::Manager;
use crate::manager::outcomes::{CLIENT_LEFT, Measured};
use crate::manager::router::reasoning::ContentDigest;
use crate::manager::router::turn_state::TURN_STATE;
use crate::manager::router::{Route, RouteRequest, Written};
use crate::proxy::answer::body::{Passing, ProxyBody};
use crate::proxy::answer::errors;
use crate::proxy::answer::filter::Filter;
use crate::proxy::answer::finish::{Answer, body_failed};
use crate::proxy::answer::hidden::HiddenUsage;
use crate::proxy::headers;
use crate::proxy::inspect::beginning::{self, Held};
use crate::proxy::inspect::collected::{Collected, Whole, collect};
use crate::proxy::inspect::meter::{Dialect, Meter};
use crate::proxy::inspect::refusal::{Examined, examine, examine_held, examine_told};
use crate::proxy::models;
use crate::proxy::read::usage_question;
use crate::proxy::request::{Attempts, Next, path_of};
use crate::proxy::send::translated::Unserved;
use crate::upstream::SendError;

/// An attempt of which the client has nothing yet. Dropped while it is not over, the client went away: that is a row
/// in the ledger too.
pub struct Unanswered<'a> {
    manager: &'a Manager,
    route: &'a Route,
    request: &'a RouteRequest,
    started: Instant,
    is_over: bool,
}

impl<'a> Unanswered<'a> {
    pub fn new(manager: &'a Manager, route: &'a Route, request: &'a RouteRequest, started: Instant) -> Self {
        Unanswered { manager, route, request, started, is_over: false }
    }

    pub fn over(mut self) {
        self.is_over = true;
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let measured = Measured { status: CLIENT_LEFT, started: self.started };
            drop(self.manager.record(self.route, self.request, &Outcome::PassThrough, measured));
        }
    }
}

/// What an answer is, as far as it was read.
#[expect(clippy::large_enum_variant, reason = "nearly every answer is the large one, which a box would slow down")]
enum Looked {
    /// A good one, or the beginning of one.
    Good(Held),
    /// A good one, read to its end for a client that asked for no stream.
    Whole(Box<Whole>),
    /// One that says why there is none.
    Failed(Box<Examined>, Outcome),
    /// None: it broke off.
    Broken(&'static str),
    /// It is more than this process bears, which the upstream is not to blame for.
    NotBorne(Unserved),
}

impl Looked {
    fn failed((examined, outcome): (Examined, Outcome)) -> Looked {
        Looked::Failed(Box::new(examined), outcome)
    }
}

impl Attempts<'_> {
    /// One call of an upstream.
    pub async fn attempt(&mut self, route: Route, short_waits: &mut u32) -> Next {
        let bare = self.without_foreign(&route);
        let Some(request) = self.upstream_request(&route, bare.as_ref()) else {
            self.out(&route.account, Setback::Unsendable);
            self.unreachable.get_or_insert_with(|| {
                format!("the key of `{}` is not valid in a header; set it again", route.target.label)
            });
            return Next::Another;
        };
        let manager = &self.proxy.manager;
        let (started, asked_at) = (clock::instant(), manager.session().now());
        let unanswered = Unanswered::new(manager, &route, &self.request, started);
        let response = match manager.upstream().send(request).await {
            Ok(response) => response,
            Err(SendError::Body(error)) => return Next::GiveUp(Box::new(body_failed(error))),
            Err(error) => {
                unanswered.over();
                return self.no_answer(route, started, &error);
            }
        };
        let head_at = clock::instant();
        if let Some(state) = response.headers().get(TURN_STATE) {
            manager.router().note_turn_state(state.as_bytes(), &route.account);
        }
        let is_login = route.target.credential.login().is_some();
        let quota = if is_login { self.note_quota(&route, response.headers(), asked_at) } else { None };
        let looked = self.look_at(response, is_login).await;
        unanswered.over();
        self.head_at = Some(head_at);
        self.writes.extend(quota);
        let manager = &self.proxy.manager;
        match looked {
            Looked::Good(held) => self.pass_on(route, held, started).await,
            Looked::Whole(document) => self.pass_document(route, *document, started),
            Looked::Failed(mut examined, outcome) => {
                if is_login {
                    self.writes.extend(manager.note_quota_events(&route, &examined.quota(), asked_at));
                }
                self.judge(route, *examined, outcome, started, short_waits).await
            }
            Looked::Broken(why) => self.no_answer(route, started, &SendError::Unusable(why.to_owned())),
            Looked::NotBorne(why) => {
                drop(manager.record(&route, &self.request, &Outcome::PassThrough, Measured { status: 503, started }));
                Next::GiveUp(Box::new(errors::unserved(&why, &self.request.endpoint)))
            }
        }
    }

    /// Reads as much of an answer as tells whether it is one.
    async fn look_at(&self, response: Response<Incoming>, is_login: bool) -> Looked {
        let now = || self.proxy.manager.session().now();
        let status = response.status();
        if !(status.is_success() || status.is_informational() || status.is_redirection()) {
            let kind = if is_login { Kind::ChatGpt } else { Kind::ApiKey };
            return Looked::failed(examine(response, kind, now()).await);
        }
        let (held, error) = match self.begin(response, is_login).await {
            Ok(begun) => begun,
            Err(why) => return Looked::Broken(why),
        };
        let wanted = self.translation.wanted().filter(|_| is_login);
        match (error, wanted) {
            // The stream's own words are what its client reads best.
            (Some(error), Some(wanted)) if wanted.stream && wanted.door == Door::Responses => {
                let filter = Filter::translation(StreamTranslator::new(wanted), self.proxy.budget.room());
                Looked::failed(examine_held(held, error, Some(filter), now()))
            }
            (None, Some(wanted)) if wanted.stream => Looked::Good(held),
            (_, Some(wanted)) => match collect(held, wanted, self.proxy.budget.room()).await {
                Collected::Whole(document) => Looked::Whole(document),
                Collected::Told(told) => Looked::failed(examine_told(*told, now())),
                Collected::Broken(why) => Looked::Broken(why),
                Collected::NotBorne(why) => Looked::NotBorne(why),
            },
            (Some(error), None) => Looked::failed(examine_held(held, error, None, now())),
            (None, None) => Looked::Good(held),
        }
    }

    /// What an answer that is no success calls for: another try with the same account, or what follows from it.
    async fn judge(
        &mut self,
        route: Route,
        examined: Examined,
        outcome: Outcome,
        started: Instant,
        short_waits: &mut u32,
    ) -> Next {
        let manager = &self.proxy.manager;
        let measured = Measured { status: examined.status(), started };
        if self.asking_for_usage.is_some() && examined.refuses_asking_for_usage() && self.body.is_replayable() {
            drop(manager.record(&route, &self.request, &Outcome::PassThrough, measured));
            self.asking_for_usage = None;
            return Next::Same(route);
        }
        let has_reasoning = self.request.reasoning.is_sealed && !self.is_bare;
        if has_reasoning && examined.refuses_reasoning() && self.body.is_replayable() {
            drop(manager.record(&route, &self.request, &Outcome::PassThrough, measured));
            self.is_bare = true;
            return Next::Same(route);
        }
        if matches!(outcome, Outcome::CredentialRefused { .. })
            && let Some(login) = route.target.credential.login()
            && !self.renewed.contains(&route.account)
        {
            let refused = login.access_token.clone();
            drop(manager.record(&route, &self.request, &Outcome::PassThrough, measured));
            let account = route.account.clone();
            self.renewed.push(account.clone());
            drop(examined);
            let has_others = manager.has_others(&self.request, &account);
            return match manager.renewed(route, refused, has_others).await {
                Ok(route) => Next::Same(route),
                Err(why) => {
                    self.has_no_token(&account, why);
                    Next::Another
                }
            };
        }
        if let Some(wait) = short_wait(&outcome, manager.session().config().short_retry())
            && *short_waits > 0
            && self.body.is_replayable()
        {
            *short_waits -= 1;
            drop(examined);
            manager.waits_shortly(&route, &self.request, measured);
            tokio::time::sleep(wait).await;
            return Next::Same(route);
        }
        let outcome = unwaited(outcome);
        self.writes.extend(manager.record(&route, &self.request, &outcome, measured));
        self.after(route, examined, &outcome)
    }

    /// Reads the beginning of a stream; other answers are not held. A ChatGPT backend's model has no others.
    async fn begin(&self, response: Response<Incoming>, is_login: bool) -> Result<(Held, Option<Value>), &'static str> {
        let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        let dialect = match self.translation.wanted() {
            Some(_) if is_login && !kind.starts_with(b"text/event-stream") => {
                return Err("the backend's answer is not a stream");
            }
            Some(_) if is_login => Dialect::Responses,
            None if is_login && !kind.starts_with(b"application/json") => {
                return Err("the backend's answer is not JSON");
            }
            Some(_) | None => self.dialect(response.headers()),
        };
        let meter = Meter::new(dialect).of_choices(self.choices).noting(self.made(response.headers(), is_login));
        match dialect {
            Dialect::Responses | Dialect::Completions => beginning::until_output(response, meter).await,
            Dialect::Events | Dialect::Document | Dialect::Other => Ok((Held::nothing(response, meter), None)),
        }
    }

    /// Passes a good answer on as it comes.
    async fn pass_on(&mut self, route: Route, held: Held, started: Instant) -> Next {
        let manager = &self.proxy.manager;
        let Held { head, bytes, rest, meter } = held;
        let status = head.status.as_u16();
        let header = |name: &str| head.headers.get(name)?.to_str().ok();
        self.writes.extend(manager.record(&route, &self.request, &Outcome::Success, Measured { status, started }));
        let mut ticket = manager.ticket(&route, &self.request, started);
        ticket.rate_used(rate_headers::tokens_used(&header));
        ticket.stored(self.keeps == Keeps::All);
        ticket.asks(self.asks());
        if self.head.method == Method::GET && path_of(&self.path_and_query) == "/v1/models" {
            let response = models::with_empty_models(head, rest).await;
            return Next::Answer(Box::new(Answer { response, route: Some(route), ticket: Some(ticket) }));
        }
        let mut response = Response::new(());
        *response.status_mut() = head.status;
        let mut headers = headers::for_client(head.headers);
        let is_completions = meter.dialect() == Dialect::Completions;
        let translated = self.translation.ready().filter(|_| route.target.credential.login().is_some());
        if let Some(translated) = translated {
            name_dropped(&mut headers, &translated.dropped);
        }
        let filter = match translated.and_then(|translated| translated.wanted.as_ref()) {
            Some(wanted) => Some(Filter::translation(StreamTranslator::new(wanted), self.proxy.budget.room())),
            None if self.asking_for_usage.is_some() && is_completions => {
                Some(Filter::HiddenUsage(HiddenUsage::default()))
            }
            None => None,
        };
        if filter.is_some() {
            headers.remove(CONTENT_LENGTH);
        }
        *response.headers_mut() = headers;
        let body = Passing::new(rest, meter).after(bytes).through(filter);
        let response = response.map(|()| body.into());
        Next::Answer(Box::new(Answer { response, route: Some(route), ticket: Some(ticket) }))
    }

    /// Passes a stream on as the one document that its client asked for.
    fn pass_document(&mut self, route: Route, whole: Whole, started: Instant) -> Next {
        let Whole { head, meter, document } = whole;
        let manager = &self.proxy.manager;
        let status = head.status.as_u16();
        self.writes.extend(manager.record(&route, &self.request, &Outcome::Success, Measured { status, started }));
        let mut ticket = manager.ticket(&route, &self.request, started);
        ticket.stored(self.keeps == Keeps::All);
        ticket.asks(self.asks());
        let mut headers = headers::for_client(head.headers);
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(translated) = self.translation.ready() {
            name_dropped(&mut headers, &translated.dropped);
        }
        let body = ProxyBody::from(Passing::collected(Bytes::from(document.to_string()), meter));
        let mut response = Response::new(body);
        *response.status_mut() = head.status;
        *response.headers_mut() = headers;
        Next::Answer(Box::new(Answer { response, route: Some(route), ticket: Some(ticket) }))
    }

    /// Takes in what the head of an answer reports of its account's quota.
    fn note_quota(&self, route: &Route, headers: &HeaderMap, asked_at: Timestamp) -> Option<Written> {
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let names = headers.keys().map(HeaderName::as_str);
        self.proxy.manager.note_quota_headers(route, &self.request, names, &header, asked_at)
    }

    /// What the request is about.
    fn asks(&self) -> Asks {
        Asks::of(self.head.method.as_str(), &usage_question::plain(path_of(&self.path_and_query)))
    }

    /// What takes note of what the answer makes, if there may be something. A login stores nothing: what it made is known
    /// all the same, so that a request which names it can be refused in true words.
    fn made(&self, headers: &HeaderMap, is_login: bool) -> Option<CreatedIds<ContentDigest>> {
        let keeps = if is_login { Keeps::All } else { self.keeps };
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.trim_start().to_ascii_lowercase();
        let is_stream = kind.starts_with("text/event-stream");
        let is_read = keeps != Keeps::Nothing && (is_stream || kind.starts_with("application/json"));
        let made = is_read.then(|| CreatedIds::new(keeps, is_stream))?;
        let is_chat = path_of(&self.path_and_query) == "/v1/chat/completions";
        Some(if is_login && is_chat { made.renaming("resp_", "chatcmpl-") } else { made })
    }

    /// How the answer is read on its way.
    fn dialect(&self, headers: &HeaderMap) -> Dialect {
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_stream = starts_with(kind, "text/event-stream");
        match (self.asks(), &*usage_question::plain(path_of(&self.path_and_query))) {
            (Asks::ForNew, "/v1/responses") if is_stream => Dialect::Responses,
            (Asks::ForNew, "/v1/chat/completions" | "/v1/completions") if is_stream => Dialect::Completions,
            (Asks::ForNew | Asks::ForKnown, _) if is_stream => Dialect::Events,
            // One that does not say what it is may report its use all the same.
            (Asks::ForNew | Asks::ForKnown, _) if is_text(kind) => Dialect::Document,
            _ => Dialect::Other,
        }
    }
}

fn starts_with(kind: &str, name: &str) -> bool {
    kind.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name))
}

/// Whether an answer may be JSON.
fn is_text(kind: &str) -> bool {
    kind.is_empty()
        || ["application/json", "text/", "application/problem+json"].iter().any(|name| starts_with(kind, name))
}

/// Says which parameters the backend would have refused.
pub fn name_dropped(headers: &mut HeaderMap, dropped: &Dropped) {
    if !dropped.is_empty()
        && let Ok(names) = HeaderValue::from_str(&dropped.header())
    {
        headers.insert(HeaderName::from_static("x-dropped-parameters"), names);
    }
}
