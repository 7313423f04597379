//! A WebSocket on `/v1/responses` or `/v1/realtime`. The account is chosen at the handshake, which fails over like a
//! request; from then on the bytes pass untouched both ways, and what the upstream says is looked on at.
//!
//! Where no account can serve a socket the answer is 426 whatever the reason: Codex falls back to HTTP on it at once,
//! where each request fails over and is told why it cannot be served; on 429 it would give up, on others try again.

mod accounting;
mod frames;
mod handshake;
mod relay;
mod told;

use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::forward::answer::{Answer, finish};
use super::forward::examine::examine;
use super::head_guard::HeadGuard;
use super::stream::{Ending, ProxyBody};
use super::{Proxy, echo, errors, headers};
use crate::clock;
use crate::domain::account::ModelFamily;
use crate::domain::health::Outcome;
use crate::domain::resources::target;
use crate::domain::routing::conversation::conversation_key;
use crate::domain::routing::setback::Setback;
use crate::manager::Manager;
use crate::manager::outcomes::{Measured, NO_ANSWER};
use crate::manager::routing::{Route, RouteRequest, Written, all_written};
use crate::upstream::{RequestBody, openai};
use accounting::Accounting;
use relay::relay;

/// Upstreams have this long for a handshake, all that are tried together; Codex waits 15 s.
const HANDSHAKE: Duration = Duration::from_secs(14);

/// One upstream has this long, as it has for a connection: a silent one leaves the next its time.
const ONE_HANDSHAKE: Duration = Duration::from_secs(10);

/// No model's name is longer, in bytes.
const LONGEST_MODEL: usize = 256;

/// The tunnel that a connection becomes, once its handshake was answered with 101.
#[derive(Clone, Default)]
pub struct Tunnels(Arc<Mutex<Option<Tunnel>>>);

impl Tunnels {
    /// The tunnel, if there is to be one.
    pub fn take(&self) -> Option<Tunnel> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, tunnel: Tunnel) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tunnel);
    }
}

/// Two connections that agreed to speak WebSocket.
pub struct Tunnel {
    client: OnUpgrade,
    upstream: Upgraded,
    accounting: Accounting,
}

/// Answers a handshake: 101, and the tunnel is put in `tunnels`, or 426.
pub async fn open(
    proxy: &Proxy,
    mut request: Request<Incoming>,
    path_and_query: &str,
    tunnels: &Tunnels,
) -> Response<ProxyBody> {
    let opened = clock::instant();
    let request_id = proxy.request_ids.next();
    let client = hyper::upgrade::on(&mut request);
    let (head, _) = request.into_parts();
    let ending = Ending::new(Arc::clone(&proxy.manager), request_id.clone(), opened);
    if !handshake::is_whole(&head) {
        return finish(Answer::ours(errors::upgrade_required()), ending, false);
    }
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let model = named_model(query);
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    let route_request = RouteRequest {
        request_id,
        endpoint: path.to_owned(),
        family: ModelFamily::of(model.as_deref(), &proxy.manager.families()),
        model,
        conversation: conversation_key(None, &header, None),
        needs_api_key: path == "/v1/realtime",
        resources: [target::in_path(path), target::in_query(query)].concat(),
        ..RouteRequest::default()
    };
    let headers = handshake::for_upstream(head.headers);
    let manager = &proxy.manager;
    let mut attempts = Attempts {
        manager,
        path_and_query,
        headers,
        request: route_request,
        failures: 0,
        retries: 0,
        writes: Vec::new(),
    };
    let agreed = attempts.run().await;
    all_written(std::mem::take(&mut attempts.writes), clock::instant()).await;
    let Some(Agreed { route, headers, upstream }) = agreed else {
        let mut response = errors::upgrade_required();
        attempts.name(response.headers_mut());
        return finish(Answer::ours(response), ending, false);
    };
    let mut response = Response::new(ProxyBody::full(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = handshake::for_client(headers);
    if let Some(secret) = route.target.credential.bearer() {
        echo::hide_in_headers(response.headers_mut(), secret.expose());
    }
    attempts.name(response.headers_mut());
    headers::name_account(response.headers_mut(), &route.account, &route.target.label);
    ending.hand_over();
    let accounting = Accounting::new(Arc::clone(&proxy.manager), route, attempts.request, opened);
    tunnels.put(Tunnel { client, upstream, accounting });
    response
}

/// The model that a query names.
fn named_model(query: &str) -> Option<String> {
    let model = query.split('&').find_map(|pair| pair.strip_prefix("model="))?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte);
    ((1..=LONGEST_MODEL).contains(&model.len()) && model.bytes().all(is_name)).then(|| model.to_owned())
}

/// A handshake, and what was tried for it.
struct Attempts<'p> {
    manager: &'p Arc<Manager>,
    path_and_query: &'p str,
    headers: HeaderMap,
    request: RouteRequest,
    /// Upstream calls that ended in a 5xx or in nothing.
    failures: u32,
    /// Attempts beyond the first.
    retries: u32,
    /// What attempts proved, on its way to the file.
    writes: Vec<Written>,
}

/// An upstream that agreed.
struct Agreed {
    route: Route,
    headers: HeaderMap,
    upstream: Upgraded,
}

/// What to do after an attempt.
enum Next {
    Agreed(Box<Agreed>),
    Another(Setback),
    GiveUp,
}

impl Attempts<'_> {
    /// Tries accounts until one's upstream agrees. `None` when a socket is not to be had.
    async fn run(&mut self) -> Option<Agreed> {
        let deadline = clock::instant() + HANDSHAKE;
        loop {
            self.manager.consult(&mut self.request).await;
            let route = self.manager.route(&self.request).ok()?;
            if !self.manager.may_tunnel(&route, &self.request) {
                return None;
            }
            let account = route.account.clone();
            match self.attempt(route, deadline).await {
                Next::Agreed(agreed) => return Some(*agreed),
                Next::Another(setback) => self.request.tried.push((account, setback)),
                Next::GiveUp => return None,
            }
            self.retries += 1;
            self.request.attempt += 1;
        }
    }

    async fn attempt(&mut self, route: Route, deadline: Instant) -> Next {
        let Some(request) = self.upstream_request(&route) else { return Next::Another(Setback::Unsendable) };
        let started = clock::instant();
        let sending = self.manager.upstream().send(request);
        let deadline_of_one = deadline.min(started + ONE_HANDSHAKE);
        let Ok(Ok(response)) = tokio::time::timeout_at(deadline_of_one.into(), sending).await else {
            let measured = Measured { status: NO_ANSWER, started };
            drop(self.manager.record(&route, &self.request, &Outcome::Unreachable, measured));
            self.failures += 1;
            let is_spent = clock::instant() >= deadline || self.failures >= self.manager.config().max_attempts();
            return if is_spent { Next::GiveUp } else { Next::Another(Setback::NoAnswer) };
        };
        let status = response.status();
        if status.is_informational() {
            let (head, body) = response.into_parts();
            if !handshake::is_agreed(&head) {
                return Next::GiveUp;
            }
            let headers = head.headers.clone();
            let upgrading = hyper::upgrade::on(Response::from_parts(head, body)).await;
            return upgrading
                .map_or(Next::GiveUp, |upstream| Next::Agreed(Box::new(Agreed { route, headers, upstream })));
        }
        if status.is_success() || status.is_redirection() {
            return Next::GiveUp;
        }
        let now = self.manager.now();
        let (_, outcome) = examine(response, route.target.kind(), now).await;
        let measured = Measured { status: status.as_u16(), started };
        self.writes.extend(self.manager.record(&route, &self.request, &outcome, measured));
        let Some(setback) = Setback::of(&outcome, status.as_u16(), now) else { return Next::GiveUp };
        if matches!(outcome, Outcome::ServerFailure { .. } | Outcome::Unreachable) {
            self.failures += 1;
            if self.failures >= self.manager.config().max_attempts() {
                return Next::GiveUp;
            }
        }
        Next::Another(setback)
    }

    fn upstream_request(&self, route: &Route) -> Option<Request<RequestBody>> {
        let uri = openai::target(&route.target.base_url, self.path_and_query)?;
        let mut request = Request::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        route.target.credential.apply(request.headers_mut())?;
        Some(request)
    }

    /// Says how it went.
    fn name(&self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::from_str(&self.request.request_id) {
            headers.insert(HeaderName::from_static("x-request-id"), id);
        }
        headers.insert(HeaderName::from_static("x-retry-count"), HeaderValue::from(self.retries));
        let strategy = HeaderValue::from_static(self.manager.strategy().name());
        headers.insert(HeaderName::from_static("x-routing-strategy"), strategy);
    }
}

impl Tunnel {
    /// Whether something is under way, as it changes.
    pub fn busy(&self) -> watch::Receiver<bool> {
        self.accounting.busy()
    }

    /// Passes bytes until one side has enough. When the process is to end, until nothing is under way.
    pub async fn run(self, stopped: &mut watch::Receiver<bool>) {
        let Tunnel { client, upstream, accounting } = self;
        let Ok(upgraded) = client.await else { return };
        // The guard of heads has no business with frames.
        let Ok(parts) = upgraded.downcast::<TokioIo<HeadGuard<TcpStream>>>() else { return };
        let (from_client, to_client) = parts.io.into_inner().into_inner().into_split();
        let client = tokio::io::join(Cursor::new(parts.read_buf).chain(from_client), to_client);
        let mut busy = accounting.busy();
        tokio::select! {
            ended = relay(client, TokioIo::new(upstream), &accounting) => accounting.ended(ended),
            () = async {
                super::stop(stopped).await;
                drop(busy.wait_for(|busy| !*busy).await);
            } => {}
        }
    }
}
