//! The handshake with an upstream: what is sent, and what is made of the answer.

use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::clock;
use crate::domain::health::Outcome;
use crate::domain::routing::setback::Setback;
use crate::manager::Manager;
use crate::manager::outcomes::{Measured, NO_ANSWER};
use crate::manager::router::Route;
use crate::proxy::choose::Failover;
use crate::proxy::choose::tried::{Sent, Tried};
use crate::proxy::inspect::account_headers;
use crate::proxy::inspect::refusal::examine;
use crate::proxy::send::in_flight::InFlight;
use crate::proxy::send::turn_state;
use crate::proxy::websocket::handshake;
use crate::upstream::credential::Credential;
use crate::upstream::{RequestBody, ResponseBody, SendError, chatgpt, openai};

/// One upstream has this long for a handshake, as it has for a connection: a silent one leaves the next its time.
const ONE_HANDSHAKE: Duration = Duration::from_secs(10);

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
    /// It answers with this error, and what that proves.
    Refused(Outcome, Measured, Value),
    /// It answers as if it knew of no WebSocket, with this status.
    NoSocket(u16),
    /// No answer came; why.
    Unanswered(String),
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

/// An account, and its upstream that agreed.
pub type Connected = (Route, Box<Agreed>);

/// The error of an upstream, to a handshake or to a turn.
pub struct Refused {
    /// The status it has over HTTP.
    pub status: u16,
    /// The error, as in an answer's body.
    pub error: Value,
    /// The messages that it came in, if it came in any.
    pub messages: Vec<Utf8Bytes>,
}

impl Refused {
    /// Adds to its message what to do about it.
    pub fn advise(&mut self, advice: &str) {
        if let Some(Value::String(message)) = self.error.get_mut("message") {
            message.push(' ');
            message.push_str(advice);
        }
    }
}

impl Opened {
    /// The connection, or what else came of trying the account of `route`.
    pub fn or_tried<E>(self, route: Route) -> Result<Connected, Box<Tried<E, Refused>>> {
        Err(Box::new(match self {
            Opened::Agreed(agreed) => return Ok((route, agreed)),
            Opened::Unsendable => Tried::Unsendable(route),
            Opened::Unanswered(why) => Tried::Unanswered { route, why, sent: Sent::InPart },
            Opened::NoSocket(status) => Tried::Out(route, Setback::Refused(status)),
            Opened::Refused(outcome, measured, error) => {
                let refused = Refused { status: measured.status, error, messages: Vec::new() };
                Tried::Refused { route, outcome, measured, refused }
            }
        }))
    }
}

impl Opening {
    /// Asks the account of `route`. What the answer proves of it is on its way to the file, but for an error, which the
    /// failover judges.
    pub async fn open(&self, failover: &mut Failover<'_>, route: &Route) -> Opened {
        let manager = failover.manager;
        let Some(asking) = self.request(manager, route) else { return Opened::Unsendable };
        let (started, asked_at) = (clock::instant(), manager.session().now());
        let left = failover.deadline.map(|deadline| deadline.saturating_duration_since(started));
        let patience = left.map_or(ONE_HANDSHAKE, |left| left.min(ONE_HANDSHAKE));
        let request = &failover.request;
        let in_flight = InFlight::new(manager, route, request, started);
        let sending = async {
            match manager.upstream().send_handshake(asking).await {
                // Nothing is lost when the connection that was kept for it is not there any more.
                Err(error @ (SendError::NotProcessed(_) | SendError::Closed(_))) => {
                    match self.request(manager, route) {
                        Some(asking) => manager.upstream().send_handshake(asking).await,
                        None => Err(error),
                    }
                }
                sent => sent,
            }
        };
        let sent = tokio::time::timeout(patience, sending).await;
        let sent = sent.map_err(|_| "it did not answer the handshake in time".to_owned());
        let response = match sent.and_then(|sent| sent.map_err(|error| error.to_string())) {
            Ok(response) => response,
            Err(why) => {
                in_flight.over();
                let measured = Measured { status: NO_ANSWER, started };
                failover.writes.extend(manager.record(route, request, &Outcome::Unreachable, measured));
                return Opened::Unanswered(why);
            }
        };
        account_headers::note_turn_state(manager, route, response.headers());
        let quota = account_headers::note_quota(manager, (route, request), response.headers(), asked_at);
        let status = response.status();
        let opened = if status == StatusCode::SWITCHING_PROTOCOLS {
            agreed(response).await
        } else if status.is_success() || status.is_informational() || status.is_redirection() {
            Opened::NoSocket(status.as_u16())
        } else {
            let (examined, outcome) = examine(response, route.target.kind(), manager.session().now()).await;
            Opened::Refused(outcome, Measured { status: status.as_u16(), started }, examined.into_error())
        };
        in_flight.over();
        failover.writes.extend(quota);
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
        turn_state::add(&mut headers, self.turn_state.as_ref(), manager, route);
        let mut request = Request::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Some(request)
    }
}

async fn agreed(response: Response<ResponseBody>) -> Opened {
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
