//! One request, from its body to its answer: the one retry loop there is. An account is tried at most once after
//! it was refused; nothing is tried again once a byte of an answer went out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};

use super::Proxy;
use super::body::ReplayBody;
use super::stream::{Ending, LastEvent, ProxyBody};
use super::{errors, headers};
use crate::clock;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::health::Outcome;
use crate::manager::routing::{Route, RouteRequest};
use crate::upstream::{BodyError, RequestBody, SendError, openai};
use examine::{Examined, examine};
use fields::Fields;

mod examine;
mod fields;
mod models;

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
    request: RouteRequest,
    /// Upstream calls that ended in a 5xx or in nothing.
    failures: u32,
    resends: u32,
    /// Attempts beyond the first.
    retries: u32,
    /// The answer to give when nothing better comes.
    kept: Option<(Route, Examined)>,
    unreachable: Option<String>,
}

/// What to do after an attempt.
enum Next {
    /// This is the answer.
    Answer(Route, Response<ProxyBody>),
    /// Try the next account.
    Another,
    /// The same account, once more.
    Same(Route),
    /// The client is gone or its body is refused.
    GiveUp(Response<ProxyBody>),
}

/// Forwards a request and answers it.
pub async fn forward(proxy: &Proxy, mut head: Parts, body: Incoming, path_and_query: String) -> Response<ProxyBody> {
    let started = clock::instant();
    let request_id = proxy.request_ids.next();
    let ending = Ending::new(Arc::clone(&proxy.manager), request_id.clone(), started);
    let is_head = head.method == Method::HEAD;
    let Some(body) = ReplayBody::new(body, &proxy.budget) else {
        return finish(errors::too_large(), ending, is_head, None);
    };
    let fields = match Fields::read(&head.headers, &body).await {
        Ok(fields) => fields,
        Err(error) => return finish(body_failed(error), ending, is_head, None),
    };
    let request = RouteRequest {
        request_id,
        family: ModelFamily::of(fields.model.as_deref(), &proxy.manager.families()),
        model: fields.model,
        tried: Vec::new(),
        attempt: 1,
    };
    let mut attempts = Attempts {
        headers: headers::for_upstream(std::mem::take(&mut head.headers)),
        proxy,
        head,
        path_and_query,
        body,
        request,
        failures: 0,
        resends: 0,
        retries: 0,
        kept: None,
        unreachable: None,
    };
    let (route, mut response) = attempts.run().await;
    if !attempts.body.is_replayable() {
        response.headers_mut().insert(HeaderName::from_static("x-failover"), HeaderValue::from_static("off"));
    }
    response.headers_mut().insert(HeaderName::from_static("x-retry-count"), HeaderValue::from(attempts.retries));
    let strategy = HeaderValue::from_static(proxy.manager.strategy().name());
    response.headers_mut().insert(HeaderName::from_static("x-routing-strategy"), strategy);
    finish(response, ending, is_head, route.as_ref())
}

/// Puts our own headers on an answer and ties its end to what is told of it.
fn finish(
    mut response: Response<ProxyBody>,
    ending: Ending,
    is_head: bool,
    route: Option<&Route>,
) -> Response<ProxyBody> {
    let ours = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(ending.request_id()) {
        ours.insert(HeaderName::from_static("x-request-id"), id);
    }
    if let Some(route) = route {
        ours.insert(HeaderName::from_static("x-account-id"), headers::percent_encoded(route.account.as_str()));
        ours.insert(HeaderName::from_static("x-account-label"), headers::percent_encoded(&route.target.label));
    }
    let ending = ending.with_answer(route.map(|route| route.account.clone()), response.status().as_u16());
    response.map(|body| body.ending(ending, is_head))
}

fn body_failed(error: BodyError) -> Response<ProxyBody> {
    match error {
        BodyError::TooLong => errors::too_large(),
        // Nobody is there to read it.
        BodyError::ClientLeft => errors::rejected(super::gate::Rejection::Malformed("its body ended early")),
    }
}

impl Attempts<'_> {
    async fn run(&mut self) -> (Option<Route>, Response<ProxyBody>) {
        loop {
            let mut route = match self.proxy.manager.route(&self.request) {
                Ok(route) => route,
                Err(refusal) => {
                    if let Some((route, examined)) = self.kept.take() {
                        let response = examined.into_response(&self.head);
                        return (Some(route), response);
                    }
                    if let Some(why) = &self.unreachable {
                        return (None, errors::unreachable(why));
                    }
                    let pool = self.proxy.manager.view().pool;
                    return (None, errors::refused(&refusal, &pool, &self.request.family, self.proxy.manager.now()));
                }
            };
            let mut short_waits = SHORT_WAITS;
            loop {
                match self.attempt(route, &mut short_waits).await {
                    Next::Answer(route, response) => return (Some(route), response),
                    Next::GiveUp(response) => return (None, response),
                    Next::Another => break,
                    Next::Same(same) => route = same,
                }
                self.retries += 1;
            }
            self.retries += 1;
            self.request.attempt += 1;
        }
    }

    /// One call of an upstream.
    async fn attempt(&mut self, route: Route, short_waits: &mut u32) -> Next {
        let Some(request) = self.upstream_request(&route) else {
            self.out(&route.account);
            self.unreachable.get_or_insert_with(|| "the account's key cannot stand in a header".to_owned());
            return Next::Another;
        };
        let manager = &self.proxy.manager;
        let response = match manager.upstream().send(request).await {
            Ok(response) => response,
            Err(SendError::Body(error)) => return Next::GiveUp(body_failed(error)),
            Err(error) => return self.no_answer(route, &error),
        };
        if response.status().is_success() || response.status().is_informational() || response.status().is_redirection()
        {
            manager.record(&route, &self.request, &Outcome::Success);
            return self.pass_on(route, response).await;
        }
        let (examined, outcome) = examine(response, manager.now()).await;
        let outcome = match outcome {
            Outcome::RateLimited { wait } if wait <= manager.config().short_retry() && *short_waits > 0 => {
                if self.body.is_replayable() {
                    *short_waits -= 1;
                    drop(examined);
                    tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
                    return Next::Same(route);
                }
                Outcome::RateLimited { wait }
            }
            other => other,
        };
        manager.record(&route, &self.request, &outcome);
        self.after(route, examined, &outcome)
    }

    /// What follows from an answer that is no success.
    fn after(&mut self, route: Route, examined: Examined, outcome: &Outcome) -> Next {
        let next = match outcome {
            Outcome::Success | Outcome::PassThrough => false,
            Outcome::RateLimited { .. } | Outcome::OutOfQuota | Outcome::KeyRefused | Outcome::AccountRefused => {
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
                self.failures < self.proxy.manager.config().max_attempts()
            }
        };
        if !(next && self.body.is_replayable()) {
            let response = examined.into_response(&self.head);
            return Next::Answer(route, response);
        }
        self.out(&route.account);
        let replace = match outcome {
            // The first such answer is the one to give when no account has the model.
            Outcome::ModelUnavailable => self.kept.is_none(),
            _ => true,
        };
        if replace {
            self.kept = Some((route, examined));
        }
        Next::Another
    }

    /// No answer came: to the next account, or once more to the only one, within the bounds.
    fn no_answer(&mut self, route: Route, error: &SendError) -> Next {
        let manager = &self.proxy.manager;
        manager.record(&route, &self.request, &Outcome::Unreachable);
        let was_sent = matches!(error, SendError::Broken(_));
        self.failures += 1;
        self.unreachable = Some(error.to_string());
        let is_spent = self.failures >= manager.config().max_attempts() || (was_sent && self.resends >= RESENDS);
        if is_spent || !self.body.is_replayable() {
            return match self.kept.take() {
                Some((route, examined)) => Next::Answer(route, examined.into_response(&self.head)),
                None => Next::GiveUp(errors::unreachable(&error.to_string())),
            };
        }
        if was_sent {
            self.resends += 1;
            if manager.available() <= 1 {
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
        let mut request = Request::new(self.body.attempt());
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        route.target.credential.apply(request.headers_mut())?;
        Some(request)
    }

    /// Passes a good answer on as it comes.
    async fn pass_on(&self, route: Route, response: Response<Incoming>) -> Next {
        let (head, body) = response.into_parts();
        if self.head.method == Method::GET && self.path_and_query.split('?').next() == Some("/v1/models") {
            let response = models::with_empty_models(head, body).await;
            return Next::Answer(route, response);
        }
        let mut answer = Response::new(());
        *answer.status_mut() = head.status;
        let watch = self.last_event(&head.headers);
        *answer.headers_mut() = headers::for_client(head.headers);
        Next::Answer(route, answer.map(|()| ProxyBody::passing(None, body, watch)))
    }

    /// A stream of answers has a last event; without it the answer is not whole, however cleanly it ends.
    fn last_event(&self, headers: &HeaderMap) -> Option<LastEvent> {
        let is_stream = content_type(headers).is_some_and(|kind| kind.starts_with("text/event-stream"));
        let path = self.path_and_query.split('?').next().unwrap_or_default();
        match path {
            _ if !is_stream || self.head.method != Method::POST => None,
            "/v1/responses" => Some(LastEvent::default()),
            "/v1/chat/completions" | "/v1/completions" => Some(LastEvent::of_completions()),
            _ => None,
        }
    }
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()
}

/// An answer whose bytes are all here.
fn whole(status: StatusCode, mut headers: HeaderMap, bytes: Bytes) -> Response<ProxyBody> {
    headers.remove(CONTENT_LENGTH);
    let mut response = Response::new(ProxyBody::full(bytes));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
