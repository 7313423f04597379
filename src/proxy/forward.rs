//! One request, from its body to its answer: the one retry loop there is. An account is tried at most once after
//! it was refused; nothing is tried again once a byte of an answer went out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};

use super::Proxy;
use super::body::{Insertion, ReplayBody};
use super::stream::{CLIENT_LEFT, Dialect, Ending, HiddenUsage, Meter, Passing, ProxyBody};
use super::{errors, headers};
use crate::clock;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::health::Outcome;
use crate::domain::routing::conversation::conversation_key;
use crate::domain::usage::rate_headers;
use crate::manager::Manager;
use crate::manager::outcomes::Measured;
use crate::manager::routing::{Refusal, Route, RouteRequest};
use crate::upstream::{RequestBody, SendError, openai};
use answer::{Answer, body_failed, finish};
use examine::{Examined, examine, examine_held};
use fields::Fields;
use held::Held;

pub(super) mod answer;
pub(super) mod examine;
pub(super) mod fields;
mod held;
mod models;
mod resources;

/// How often a short rate limit is waited out on one account.
const SHORT_WAITS: u32 = 2;

/// After a body was sent whole and no answer came, it may have been acted on: it is sent once more at most.
const RESENDS: u32 = 1;

/// A request and what was tried for it.
struct Attempts<'p> {
    proxy: &'p Proxy,
    head: Parts,
    path_and_query: String,
    headers: HeaderMap,
    body: ReplayBody,
    /// The question for usage, worked into the body until an upstream refuses it.
    asking_for_usage: Option<Insertion>,
    /// The answer tells the ids of what the account owns from now on.
    makes: bool,
    request: RouteRequest,
    /// Upstream calls that ended in a 5xx or in nothing.
    failures: u32,
    resends: u32,
    /// Attempts beyond the first.
    retries: u32,
    /// How often it waited for an account to be free.
    waits: u32,
    /// The answer to give when nothing better comes.
    kept: Option<(Route, Examined)>,
    unreachable: Option<String>,
}

/// What to do after an attempt.
enum Next {
    /// This is the answer.
    Answer(Box<Answer>),
    /// Try the next account.
    Another,
    /// The same account, once more.
    Same(Route),
    /// The client is gone or its body is refused.
    GiveUp(Box<Response<ProxyBody>>),
}

/// Forwards a request and answers it.
pub async fn forward(proxy: &Proxy, mut head: Parts, body: Incoming, path_and_query: String) -> Response<ProxyBody> {
    let started = clock::instant();
    let request_id = proxy.request_ids.next();
    let ending = Ending::new(Arc::clone(&proxy.manager), request_id.clone(), started);
    let is_head = head.method == Method::HEAD;
    let Some(body) = ReplayBody::new(body, &proxy.budget) else {
        return finish(Answer::ours(errors::too_large()), ending, is_head);
    };
    let path = path_of(&path_and_query);
    let fields = match Fields::read(path, &head.headers, &body).await {
        Ok(fields) => fields,
        Err(error) => return finish(Answer::ours(body_failed(error)), ending, is_head),
    };
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    let conversation = conversation_key(fields.prompt_cache_key.as_deref(), &header, fields.first_messages.as_deref());
    let request = RouteRequest {
        request_id,
        endpoint: path.to_owned(),
        family: ModelFamily::of(fields.model.as_deref(), &proxy.manager.families()),
        model: fields.model,
        conversation,
        resources: fields.resources,
        ..RouteRequest::default()
    };
    let mut attempts = Attempts {
        makes: resources::makes(&head.method, path, fields.stores),
        headers: headers::for_upstream(std::mem::take(&mut head.headers)),
        proxy,
        head,
        path_and_query,
        body,
        asking_for_usage: fields.asking_for_usage,
        request,
        failures: 0,
        resends: 0,
        retries: 0,
        waits: 0,
        kept: None,
        unreachable: None,
    };
    let mut answer = attempts.run().await;
    let headers = answer.response.headers_mut();
    if !attempts.body.is_replayable() {
        headers.insert(HeaderName::from_static("x-failover"), HeaderValue::from_static("off"));
    }
    headers.insert(HeaderName::from_static("x-retry-count"), HeaderValue::from(attempts.retries));
    let strategy = HeaderValue::from_static(proxy.manager.strategy().name());
    headers.insert(HeaderName::from_static("x-routing-strategy"), strategy);
    finish(answer, ending, is_head)
}

fn path_of(path_and_query: &str) -> &str {
    path_and_query.split('?').next().unwrap_or_default()
}

/// An attempt of which the client has nothing yet. Dropped while it is not over, the client went away: that is a row
/// in the ledger too.
struct Unanswered<'a> {
    manager: &'a Manager,
    route: &'a Route,
    request: &'a RouteRequest,
    started: Instant,
    is_over: bool,
}

impl Unanswered<'_> {
    fn over(mut self) {
        self.is_over = true;
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let measured = Measured { status: CLIENT_LEFT, started: self.started };
            self.manager.record(self.route, self.request, &Outcome::PassThrough, measured);
        }
    }
}

impl Attempts<'_> {
    async fn run(&mut self) -> Answer {
        loop {
            self.proxy.manager.consult(&mut self.request).await;
            let mut route = match self.proxy.manager.route(&self.request) {
                Ok(route) => route,
                Err(refusal) => match self.refused(refusal).await {
                    Some(answer) => return answer,
                    None => continue,
                },
            };
            let mut short_waits = SHORT_WAITS;
            loop {
                match self.attempt(route, &mut short_waits).await {
                    Next::Answer(answer) => return *answer,
                    Next::GiveUp(response) => return Answer::ours(*response),
                    Next::Another => break,
                    Next::Same(same) => route = same,
                }
                self.retries += 1;
            }
            self.retries += 1;
            self.request.attempt += 1;
        }
    }

    /// No account can serve: the answer, or `None` after a wait for one to be free.
    async fn refused(&mut self, refusal: Refusal) -> Option<Answer> {
        if let Some((route, examined)) = self.kept.take() {
            return Some(Answer::of(route, examined.into_response(&self.head)));
        }
        if let Some(why) = &self.unreachable {
            return Some(Answer::ours(errors::unreachable(why)));
        }
        let manager = &self.proxy.manager;
        if let Refusal::Exhausted(exhausted) | Refusal::Bound(_, Some(exhausted)) = &refusal
            && self.body.is_replayable()
            && manager.wait_for_room(&self.request, exhausted, self.waits).await
        {
            self.waits += 1;
            self.request.tried.clear();
            return None;
        }
        let pool = manager.view().pool;
        Some(Answer::ours(errors::refused(&refusal, &pool, &self.request.family, manager.now())))
    }

    /// One call of an upstream.
    async fn attempt(&mut self, route: Route, short_waits: &mut u32) -> Next {
        let Some(request) = self.upstream_request(&route) else {
            self.out(&route.account);
            self.unreachable.get_or_insert_with(|| "the account's key cannot stand in a header".to_owned());
            return Next::Another;
        };
        let manager = &self.proxy.manager;
        let started = clock::instant();
        let unanswered = Unanswered { manager, route: &route, request: &self.request, started, is_over: false };
        let response = match manager.upstream().send(request).await {
            Ok(response) => response,
            Err(SendError::Body(error)) => return Next::GiveUp(Box::new(body_failed(error))),
            Err(error) => {
                unanswered.over();
                return self.no_answer(route, started, &error);
            }
        };
        let status = response.status();
        let (examined, outcome) = if status.is_success() || status.is_informational() || status.is_redirection() {
            let begun = self.begin(response).await;
            unanswered.over();
            match begun {
                Ok((held, None)) => return self.pass_on(route, held, started).await,
                Ok((held, Some(error))) => examine_held(held, error, manager.now()),
                Err(why) => return self.no_answer(route, started, &SendError::Broken(why.to_owned())),
            }
        } else {
            let examined = examine(response, manager.now()).await;
            unanswered.over();
            examined
        };
        if self.asking_for_usage.is_some() && examined.refuses_asking_for_usage() && self.body.is_replayable() {
            let measured = Measured { status: examined.status(), started };
            manager.record(&route, &self.request, &Outcome::PassThrough, measured);
            self.asking_for_usage = None;
            return Next::Same(route);
        }
        let measured = Measured { status: examined.status(), started };
        let outcome = match outcome {
            Outcome::RateLimited { wait } if wait <= manager.config().short_retry() && *short_waits > 0 => {
                if self.body.is_replayable() {
                    *short_waits -= 1;
                    drop(examined);
                    manager.waits_shortly(&route, &self.request, measured);
                    tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
                    return Next::Same(route);
                }
                Outcome::RateLimited { wait }
            }
            other => other,
        };
        manager.record(&route, &self.request, &outcome, measured);
        self.after(route, examined, &outcome)
    }

    /// What follows from an answer that is no success.
    fn after(&mut self, route: Route, examined: Examined, outcome: &Outcome) -> Next {
        let next = match outcome {
            Outcome::Success | Outcome::PassThrough => false,
            Outcome::RateLimited { .. }
            | Outcome::UsageLimited { .. }
            | Outcome::OutOfQuota
            | Outcome::KeyRefused
            | Outcome::AccountRefused => {
                // Their own words serve nobody: when no account is left there is one answer for all.
                self.out(&route.account);
                if self.body.is_replayable() {
                    return Next::Another;
                }
                false
            }
            Outcome::ModelUnavailable => true,
            Outcome::ServerFailure { .. } | Outcome::Unreachable => {
                self.failures += 1;
                // A body that was sent once more already is not sent a third time: it may have been acted on.
                self.failures < self.proxy.manager.config().max_attempts() && self.resends == 0
            }
        };
        if !(next && self.body.is_replayable()) {
            let response = examined.into_response(&self.head);
            return Next::Answer(Box::new(Answer::of(route, response)));
        }
        self.out(&route.account);
        let replace = match outcome {
            // The first such answer is the one to give when no account has the model.
            Outcome::ModelUnavailable => self.kept.is_none(),
            _ => true,
        };
        if replace {
            // Kept for its answer alone.
            let mut route = route;
            route.end_probe();
            self.kept = Some((route, examined));
        }
        Next::Another
    }

    /// No answer came: to the next account, or once more to the only one, within the bounds.
    fn no_answer(&mut self, route: Route, started: Instant, error: &SendError) -> Next {
        let manager = &self.proxy.manager;
        manager.record(&route, &self.request, &Outcome::Unreachable, Measured { status: 0, started });
        let was_sent = matches!(error, SendError::Broken(_));
        self.failures += 1;
        self.unreachable = Some(error.to_string());
        let is_spent = self.failures >= manager.config().max_attempts() || (was_sent && self.resends >= RESENDS);
        if is_spent || !self.body.is_replayable() {
            return match self.kept.take() {
                Some((route, examined)) => {
                    Next::Answer(Box::new(Answer::of(route, examined.into_response(&self.head))))
                }
                None => Next::GiveUp(Box::new(errors::unreachable(&error.to_string()))),
            };
        }
        if was_sent {
            self.resends += 1;
            if manager.available() <= 1 || self.request.bound.is_some() {
                return Next::Same(route);
            }
        }
        self.out(&route.account);
        Next::Another
    }

    fn out(&mut self, account: &AccountId) {
        self.request.tried.push(account.clone());
    }

    fn upstream_request(&self, route: &Route) -> Option<Request<RequestBody>> {
        let uri = openai::target(&route.target.base_url, &self.path_and_query)?;
        let mut headers = self.headers.clone();
        if self.asking_for_usage.is_some() {
            headers.remove(CONTENT_LENGTH);
        }
        let mut request = Request::new(self.body.attempt(self.asking_for_usage.as_ref()));
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        route.target.credential.apply(request.headers_mut())?;
        Some(request)
    }

    /// Reads the beginning of a stream; other answers are not held.
    async fn begin(&self, response: Response<Incoming>) -> Result<(Held, Option<serde_json::Value>), &'static str> {
        let dialect = self.dialect(response.headers());
        let meter = Meter::new(dialect);
        match dialect {
            Dialect::Responses | Dialect::Completions => held::until_output(response, meter).await,
            Dialect::Document | Dialect::Other => Ok((Held::nothing(response, meter), None)),
        }
    }

    /// Passes a good answer on as it comes.
    async fn pass_on(&mut self, route: Route, held: Held, started: Instant) -> Next {
        let manager = &self.proxy.manager;
        let Held { head, bytes, rest, meter } = held;
        let status = head.status.as_u16();
        let header = |name: &str| head.headers.get(name)?.to_str().ok();
        manager.record(&route, &self.request, &Outcome::Success, Measured { status, started });
        let mut ticket = manager.ticket(&route, &self.request, started);
        ticket.rate_used(rate_headers::tokens_used(&header));
        ticket.makes(self.makes);
        if self.head.method == Method::GET && path_of(&self.path_and_query) == "/v1/models" {
            let response = models::with_empty_models(head, rest).await;
            return Next::Answer(Box::new(Answer { response, route: Some(route), ticket: Some(ticket) }));
        }
        let mut response = Response::new(());
        *response.status_mut() = head.status;
        let mut headers = headers::for_client(head.headers);
        let is_completions = meter.dialect() == Dialect::Completions;
        let hidden = (self.asking_for_usage.is_some() && is_completions).then(HiddenUsage::default);
        if hidden.is_some() {
            headers.remove(CONTENT_LENGTH);
        }
        *response.headers_mut() = headers;
        let body = Passing::new(rest, meter).after(bytes).hiding(hidden);
        let response = response.map(|()| body.into());
        Next::Answer(Box::new(Answer { response, route: Some(route), ticket: Some(ticket) }))
    }

    /// How the answer is read on its way.
    fn dialect(&self, headers: &HeaderMap) -> Dialect {
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_post = self.head.method == Method::POST;
        match path_of(&self.path_and_query) {
            "/v1/responses" if is_post && kind.starts_with("text/event-stream") => Dialect::Responses,
            "/v1/chat/completions" | "/v1/completions" if is_post && kind.starts_with("text/event-stream") => {
                Dialect::Completions
            }
            _ if kind.starts_with("application/json") && (is_post || self.makes) => Dialect::Document,
            _ => Dialect::Other,
        }
    }
}
