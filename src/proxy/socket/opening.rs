//! One handshake with an upstream: what is sent, and what is made of the answer.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use serde_json::Value;

use crate::clock;
use crate::domain::client_version::{ClientVersion, OLDEST};
use crate::domain::health::Outcome;
use crate::domain::time::Timestamp;
use crate::manager::Manager;
use crate::manager::outcomes::{Measured, NO_ANSWER};
use crate::manager::router::turn_state::TURN_STATE;
use crate::manager::router::{Route, RouteRequest, Written};
use crate::proxy::inspect::refusal::examine;
use crate::proxy::request::attempt::Unanswered;
use crate::proxy::upgrades::handshake;
use crate::upstream::credential::Credential;
use crate::upstream::{RequestBody, chatgpt, openai};

/// What every handshake for one client is made of.
pub struct Opening {
    /// The path and query that the client asked for.
    pub path_and_query: String,
    /// The client's headers, as far as they go to an upstream.
    pub headers: HeaderMap,
    /// The turn state that the client echoes, which is one account's.
    pub turn_state: Option<HeaderValue>,
    /// The session of a client that names none.
    pub session: Option<String>,
}

/// What came of it.
pub enum Opened {
    /// The upstream speaks WebSocket from now on.
    Agreed(Box<Agreed>),
    /// It says why it does not.
    Refused(Refused),
    /// It answers as if it knew of no WebSocket, with this status.
    NoSocket(u16),
    /// No answer came; why.
    Silent(String),
    /// The account's key or address cannot stand in a request.
    Unsendable,
}

/// An upstream that agreed.
pub struct Agreed {
    /// The headers of its answer.
    pub headers: HeaderMap,
    /// The connection.
    pub upstream: Upgraded,
}

/// An upstream's error.
pub struct Refused {
    /// What it proves.
    pub outcome: Outcome,
    /// The status and when it was asked.
    pub measured: Measured,
    /// The error, as in an answer's body.
    pub error: Value,
}

impl Opening {
    /// The version of Codex that the client stands for at a login's backend.
    pub fn client_version(&self, manager: &Manager) -> ClientVersion {
        chatgpt::client_version(&self.headers, manager.session().config().client_version()).parse().unwrap_or(OLDEST)
    }

    /// Asks the account of `route`, for `patience` at most. What the answer proves of it is on its way to the file, in
    /// `writes`, but for a refusal, which the caller judges.
    pub async fn open(
        &self,
        manager: &Arc<Manager>,
        (route, request): (&Route, &RouteRequest),
        patience: Duration,
        writes: &mut Vec<Written>,
    ) -> Opened {
        let Some(asking) = self.request(manager, route) else { return Opened::Unsendable };
        let (started, asked_at) = (clock::instant(), manager.session().now());
        let unanswered = Unanswered::new(manager, route, request, started);
        let sent = tokio::time::timeout(patience, manager.upstream().send(asking)).await;
        let sent = sent.map_err(|_| "it did not answer the handshake in time".to_owned());
        let response = match sent.and_then(|sent| sent.map_err(|error| error.to_string())) {
            Ok(response) => response,
            Err(why) => {
                unanswered.over();
                let measured = Measured { status: NO_ANSWER, started };
                writes.extend(manager.record(route, request, &Outcome::Unreachable, measured));
                return Opened::Silent(why);
            }
        };
        if let Some(state) = response.headers().get(TURN_STATE) {
            manager.router().note_turn_state(state.as_bytes(), &route.account);
        }
        if route.target.credential.login().is_some() {
            writes.extend(note_quota(manager, (route, request), response.headers(), asked_at));
        }
        let status = response.status();
        let opened = if status == StatusCode::SWITCHING_PROTOCOLS {
            agreed(response).await
        } else if status.is_success() || status.is_informational() || status.is_redirection() {
            Opened::NoSocket(status.as_u16())
        } else {
            let (examined, outcome) = examine(response, route.target.kind(), manager.session().now()).await;
            let measured = Measured { status: status.as_u16(), started };
            Opened::Refused(Refused { outcome, measured, error: examined.into_error() })
        };
        unanswered.over();
        opened
    }

    fn request(&self, manager: &Manager, route: &Route) -> Option<Request<RequestBody>> {
        let (uri, mut headers) = match &route.target.credential {
            Credential::ApiKey(_) => {
                (openai::target(&route.target.base_url, &self.path_and_query)?, self.headers.clone())
            }
            Credential::ChatGpt(_) => {
                let defaults = chatgpt::Defaults {
                    client_version: manager.session().config().client_version(),
                    session: self.session.as_deref(),
                    is_lite: false,
                };
                let uri = chatgpt::target(&route.target.base_url, chatgpt::Endpoint::Responses)?;
                (uri, chatgpt::socket_headers(&self.headers, defaults))
            }
        };
        route.target.credential.apply(&mut headers)?;
        if let Some(state) = &self.turn_state
            && manager.router().gave_turn_state(state.as_bytes(), &route.account)
        {
            headers.insert(HeaderName::from_static(TURN_STATE), state.clone());
        }
        let mut request = Request::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Some(request)
    }
}

/// Takes in what headers of a login's answer report of its quota.
pub fn note_quota(
    manager: &Manager,
    (route, request): (&Route, &RouteRequest),
    headers: &HeaderMap,
    asked_at: Timestamp,
) -> Option<Written> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    manager.note_quota_headers(route, request, headers.keys().map(HeaderName::as_str), &header, asked_at)
}

async fn agreed(response: Response<hyper::body::Incoming>) -> Opened {
    let (head, body) = response.into_parts();
    let status = head.status.as_u16();
    if !handshake::is_agreed(&head) {
        return Opened::NoSocket(status);
    }
    let headers = head.headers.clone();
    match hyper::upgrade::on(Response::from_parts(head, body)).await {
        Ok(upstream) => Opened::Agreed(Box::new(Agreed { headers, upstream })),
        Err(_) => Opened::NoSocket(status),
    }
}
