//! The handshake of a client, which is answered as the upstream of some account answers it: 101, or 426 whatever the reason.
//! Codex falls back to HTTP on 426 at once, where each request fails over and learns why it cannot be served; on 429 it
//! would give up, on others try again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT};
use hyper::http::request::Parts;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Request, Response, StatusCode};
use serde_json::Value;

use crate::clock;
use crate::manager::ProxyKey;
use crate::manager::router::turn_state::TURN_STATE;
use crate::manager::router::{Route, RouteRequest, all_written};
use crate::proxy::admit::target::Rejection;
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::ending::Ending;
use crate::proxy::answer::finish::{Answer, finish};
use crate::proxy::answer::{errors, unserved};
use crate::proxy::choose::tried::{Best, Login, Over, Tried};
use crate::proxy::choose::{Attempt, Failover};
use crate::proxy::send::translated::Translation;
use crate::proxy::state::ProxyState;
use crate::proxy::websocket::handshake;
use crate::proxy::websocket::opening::{Agreed, Opened, Opening, Refused};
use crate::proxy::{echo, headers};

/// Upstreams have this long for a client's handshake, all that are tried together; Codex waits 15 s.
const HANDSHAKE: Duration = Duration::from_secs(14);

/// Which accounts may be used.
pub type Admits = fn(&ProxyState, &Route, &RouteRequest) -> bool;

/// The handshake of a client.
pub struct ClientHandshake {
    /// Its head.
    pub head: Parts,
    /// Names the request.
    pub request_id: String,
    /// The key of the proxy that it came with.
    pub key: Option<Arc<ProxyKey>>,
    /// What is reported of its end.
    pub ending: Ending,
    client: OnUpgrade,
    opened: Instant,
}

/// Two connections that agreed to speak WebSocket.
pub struct Agreement {
    /// The client's, once the response was sent.
    pub client: OnUpgrade,
    /// The upstream's.
    pub upstream: Upgraded,
    /// What further handshakes for this client are made of.
    pub opening: Opening,
    /// The account.
    pub route: Route,
    /// What was asked for.
    pub request: RouteRequest,
    /// When.
    pub opened: Instant,
    /// What is reported of its end.
    pub ending: Ending,
    /// The answer to the client.
    pub response: Response<ProxyBody>,
}

impl ClientHandshake {
    /// Reads the handshake.
    ///
    /// # Errors
    ///
    /// The answer to one that is not whole.
    pub fn read(
        proxy: &ProxyState,
        mut request: Request<Incoming>,
        key: Option<Arc<ProxyKey>>,
    ) -> Result<ClientHandshake, Box<Response<ProxyBody>>> {
        let opened = clock::instant();
        let request_id = proxy.next_request_id();
        let client = hyper::upgrade::on(&mut request);
        let (head, _) = request.into_parts();
        let ending = Ending::new(Arc::clone(&proxy.manager), request_id.clone(), opened);
        if !handshake::is_whole(&head) {
            return Err(Box::new(finish(Answer::ours(errors::upgrade_required(None)), ending, false)));
        }
        Ok(ClientHandshake { head, request_id, key, ending, client, opened })
    }

    /// Has the upstream of an account agree that `admits` says. A client that names no session has `session`.
    ///
    /// # Errors
    ///
    /// The answer where none agrees.
    pub async fn agree(
        self,
        proxy: &ProxyState,
        (path_and_query, session): (String, Option<String>),
        request: RouteRequest,
        admits: Admits,
    ) -> Result<Agreement, Box<Response<ProxyBody>>> {
        let ClientHandshake { head, key, ending, client, opened, .. } = self;
        let accept = handshake::accept(&head.headers);
        let mut headers = handshake::for_upstream(head.headers);
        let turn_state = headers.remove(TURN_STATE);
        let opening = Opening { path_and_query, headers, turn_state, session };
        let mut failover = Failover::new(&proxy.manager, request);
        failover.deadline = Some(opened + HANDSHAKE);
        let over = failover.run(&mut Shaking { proxy, key, opening: &opening, admits }).await;
        all_written(std::mem::take(&mut failover.writes), clock::instant()).await;
        let why = match over {
            Over::End(Shaken::Agreed(route, agreed)) => {
                let response = accepted(&failover, &route, &agreed.headers, accept);
                let (upstream, request) = (agreed.upstream, failover.request);
                return Ok(Agreement { client, upstream, opening, route, request, opened, ending, response });
            }
            Over::End(Shaken::NoSocket(status)) => without_socket(status),
            Over::End(Shaken::NotAdmitted(why)) => {
                return Err(Box::new(finish(Answer::ours(errors::rejected(why)), ending, false)));
            }
            Over::Stuck(stuck) => match unserved::of(&failover, &stuck, &Translation::Untried) {
                Some(answer) => {
                    let body = answer.into_body().into_bytes().unwrap_or_default();
                    message(serde_json::from_slice::<Value>(&body).unwrap_or_default().get("error"))
                }
                None => match stuck.best {
                    // Its upstream has no socket for this, and the same request over HTTP learns why.
                    Best::Stands(_, refused) => without_socket(refused.status),
                    Best::Kept(_, refused) => message(Some(&refused.error)),
                    Best::Unanswered(_) | Best::WithoutToken(_) | Best::Refusal => None,
                },
            },
        };
        let mut response = errors::upgrade_required(why.as_deref());
        name(response.headers_mut(), &failover);
        Err(Box::new(finish(Answer::ours(response), ending, false)))
    }
}

fn without_socket(status: u16) -> Option<String> {
    (status != 0).then(|| format!("The upstream answers a WebSocket with status {status}."))
}

fn message(error: Option<&Value>) -> Option<String> {
    error?.get("message")?.as_str().map(str::to_owned)
}

/// Names the request and how it was tried.
pub fn name(headers: &mut HeaderMap, failover: &Failover<'_>) {
    if let Ok(id) = HeaderValue::from_str(&failover.request.request_id) {
        headers.insert(headers::REQUEST_ID, id);
    }
    unserved::name_attempts(headers, failover);
}

/// 101 for the client, in what the upstream's says.
fn accepted(failover: &Failover<'_>, route: &Route, from: &HeaderMap, accept: HeaderValue) -> Response<ProxyBody> {
    let mut response = Response::new(ProxyBody::full(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let named = response.headers_mut();
    *named = handshake::for_client(from.clone());
    named.insert(SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(secret) = route.target.credential.bearer() {
        echo::hide_in_headers(named, secret.expose());
    }
    name(named, failover);
    headers::name_account(named, &route.account, &route.target.label);
    response
}

/// Tries accounts for a client's handshake.
struct Shaking<'h> {
    proxy: &'h ProxyState,
    key: Option<Arc<ProxyKey>>,
    opening: &'h Opening,
    admits: Admits,
}

/// What ends it.
enum Shaken {
    /// The upstream agreed.
    Agreed(Route, Box<Agreed>),
    /// There is no WebSocket for this, by this status of the upstream if it was asked.
    NoSocket(u16),
    /// The key that it came with is none any more.
    NotAdmitted(Rejection),
}

impl Attempt for Shaking<'_> {
    type End = Shaken;
    type Refused = Refused;

    /// Whoever has no socket yet waits over HTTP.
    fn can_wait(&self) -> bool {
        false
    }

    async fn admitted(&mut self) -> Result<(), Shaken> {
        self.proxy.still_admits(self.key.as_deref()).map_err(Shaken::NotAdmitted)
    }

    fn advise(&self, refused: &mut Refused, request: &RouteRequest) {
        refused.advise(&errors::version_advice(request.client_version));
    }

    async fn ready_for_login(&mut self, _: &RouteRequest, _: &mut Route) -> Result<Login, Shaken> {
        Ok(Login::NeedsToken)
    }

    async fn try_one(&mut self, failover: &mut Failover<'_>, route: Route) -> Tried<Shaken, Refused> {
        if !(self.admits)(self.proxy, &route, &failover.request) {
            return Tried::End(Shaken::NoSocket(0));
        }
        match self.opening.open(failover, &route).await {
            // A client that has no socket yet is served over HTTP by this account.
            Opened::NoSocket(status) => Tried::End(Shaken::NoSocket(status)),
            opened => opened
                .or_tried(route)
                .map_or_else(|tried| *tried, |(route, agreed)| Tried::End(Shaken::Agreed(route, agreed))),
        }
    }
}
