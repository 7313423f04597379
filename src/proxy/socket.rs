//! A WebSocket on `/v1/responses`, whose messages are read: each `response.create` is a turn that is routed, accounted and
//! failed over like a request, over one upstream socket at a time. The account of that is kept while it can serve, and a
//! turn that names what it made stays with it.
//!
//! Where no account can serve a socket the answer is 426 whatever the reason: Codex falls back to HTTP on it at once,
//! where each request fails over and is told why it cannot be served; on 429 it would give up, on others try again.

mod asked;
pub mod attempts;
mod client;
mod events;
mod listening;
pub mod opening;
mod passing;
mod refusals;
mod turn;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, SEC_WEBSOCKET_ACCEPT};
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use serde_json::Value;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::clock;
use crate::domain::account::ModelFamily;
use crate::domain::resources::target;
use crate::domain::routing::conversation::{ConversationKey, ConversationNames, conversation_key};
use crate::manager::router::turn_state::TURN_STATE;
use crate::manager::router::{Route, RouteRequest, all_written};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::ending::Ending;
use crate::proxy::answer::errors;
use crate::proxy::answer::finish::{Answer, finish};
use crate::proxy::read::fields::is_name;
use crate::proxy::socket::attempts::{Attempts, Reached, Stuck};
use crate::proxy::socket::client::Client;
use crate::proxy::socket::opening::{Agreed, Opening};
use crate::proxy::socket::upstream::Upstream;
use crate::proxy::state::{ProxyState, stop};
use crate::proxy::upgrades::{Upgrade, Upgrades, handshake};
use crate::proxy::{echo, headers};

/// Where it is.
const PATH: &str = "/v1/responses";

/// Upstreams have this long for a client's handshake, all that are tried together; Codex waits 15 s.
pub const HANDSHAKE: Duration = Duration::from_secs(14);

/// What Codex says of the turn that it opens a socket for.
const TURN_METADATA: &str = "x-codex-turn-metadata";

/// A socket, once its handshake was answered with 101.
pub struct Socket {
    client: OnUpgrade,
    opening: Opening,
    upstream: (Box<Agreed>, Route),
    ending: Ending,
    busy: watch::Sender<bool>,
}

/// What a socket is made of while it lives.
struct Session<'s> {
    proxy: &'s ProxyState,
    opening: Opening,
    client: Client,
    /// The one that is open.
    upstream: Option<Upstream>,
    /// What its turns are of, where they do not say so.
    conversation: Option<ConversationKey>,
}

/// Answers a handshake: 101, and the socket is put in `upgrades`, or 426.
pub async fn open(
    proxy: &ProxyState,
    mut request: Request<Incoming>,
    path_and_query: String,
    upgrades: &Upgrades,
) -> Response<ProxyBody> {
    let opened = clock::instant();
    let request_id = proxy.request_ids.next();
    let client = hyper::upgrade::on(&mut request);
    let (head, _) = request.into_parts();
    let ending = Ending::new(Arc::clone(&proxy.manager), request_id.clone(), opened);
    if !handshake::is_whole(&head) {
        return finish(Answer::ours(errors::upgrade_required(None)), ending, false);
    }
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    let model = header(TURN_METADATA).and_then(model_of_turn);
    let conversation = conversation_key(None, &header, None);
    // A session for all that is asked in this socket, where the client names none.
    let own = conversation_key(Some(&request_id), &|_| None, None).map(|key| proxy.manager.conversation_id(key));
    let route_request = RouteRequest {
        request_id,
        endpoint: PATH.to_owned(),
        family: ModelFamily::of(model.as_deref(), &proxy.manager.session().families()),
        model,
        conversation,
        resources: target::in_query(path_and_query.split_once('?').map_or("", |(_, query)| query)),
        ..RouteRequest::default()
    };
    let session = ConversationNames::new(None, &header, own.as_deref()).header;
    let accept = handshake::accept(&head.headers);
    let mut headers = handshake::for_upstream(head.headers);
    let turn_state = headers.remove(TURN_STATE);
    let opening = Opening { path_and_query, headers, turn_state, session };
    let route_request = RouteRequest { client_version: opening.client_version(&proxy.manager), ..route_request };
    let mut attempts = Attempts::new(proxy, &opening, route_request, None).within(opened + HANDSHAKE, |_, _, _| true);
    let reached = attempts.reach(&mut None::<Upstream>, |_, _| {}).await;
    all_written(std::mem::take(&mut attempts.writes), clock::instant()).await;
    let (route, agreed) = match reached {
        Ok(Reached::Opened(route, agreed)) => (route, agreed),
        Ok(Reached::Open(_)) => return refused(&mut attempts, &Stuck::Spent, ending),
        Err(stuck) => return refused(&mut attempts, &stuck, ending),
    };
    let response = accepted(&attempts, &route, &agreed.headers, accept);
    let ending = ending.with_answer(Some(route.account.clone()), None, response.status().as_u16());
    let busy = watch::Sender::new(false);
    let mut route = route;
    // What it proves is for a turn to say.
    route.end_probe();
    upgrades.put(Upgrade::Socket(Box::new(Socket { client, opening, upstream: (agreed, route), ending, busy })));
    response
}

/// The model of the turn that a Codex opens a socket for.
fn model_of_turn(metadata: &str) -> Option<String> {
    let metadata: Value = serde_json::from_str(metadata).ok()?;
    metadata["model"].as_str().filter(|model| is_name(model)).map(str::to_owned)
}

/// 426, and why.
pub fn refused(attempts: &mut Attempts<'_>, stuck: &Stuck, ending: Ending) -> Response<ProxyBody> {
    let why = match stuck {
        Stuck::NoSocket(0) => None,
        Stuck::NoSocket(status) => Some(format!("The upstream answers a WebSocket with status {status}.")),
        Stuck::Refused(_) | Stuck::Spent => match attempts.answer_to(stuck) {
            Ok(answer) => {
                let body = answer.into_body().into_bytes().unwrap_or_default();
                let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                body["error"]["message"].as_str().map(str::to_owned)
            }
            Err((_, error)) => error["message"].as_str().map(str::to_owned),
        },
    };
    let mut response = errors::upgrade_required(why.as_deref());
    attempts.name(response.headers_mut());
    finish(Answer::ours(response), ending, false)
}

/// 101 for the client, in what the upstream's says.
pub fn accepted(
    attempts: &Attempts<'_>,
    route: &Route,
    from: &HeaderMap,
    accept: hyper::header::HeaderValue,
) -> Response<ProxyBody> {
    let mut response = Response::new(ProxyBody::full(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let named = response.headers_mut();
    *named = handshake::for_client(from.clone());
    named.insert(SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(secret) = route.target.credential.bearer() {
        echo::hide_in_headers(named, secret.expose());
    }
    attempts.name(named);
    headers::name_account(named, &route.account, &route.target.label);
    response
}

impl Socket {
    /// Whether a turn is under way, as it changes.
    pub fn busy(&self) -> watch::Receiver<bool> {
        self.busy.subscribe()
    }

    /// Serves turns until one side has enough. When the process is to end, until the turn under way is over.
    pub async fn run(self, proxy: &ProxyState, stopped: &mut watch::Receiver<bool>) {
        let Socket { client, opening, upstream: (agreed, route), mut ending, busy } = self;
        let Some(client) = Client::of(client).await else { return };
        let upstream = Some(Upstream::new(agreed.upstream, &route).await);
        drop(route);
        let mut session = Session { proxy, opening, client, upstream, conversation: None };
        session.serve(stopped, &busy).await;
        ending.complete(None);
        if let Some(upstream) = session.upstream.take() {
            upstream.leave().await;
        }
    }
}

impl Session<'_> {
    async fn serve(&mut self, stopped: &mut watch::Receiver<bool>, busy: &watch::Sender<bool>) {
        loop {
            let said = tokio::select! {
                biased;
                () = stop(stopped) => {
                    self.client.close(CloseCode::Away, "the proxy ends").await;
                    return;
                }
                said = self.idle() => said,
            };
            let Ok(said) = said else { return };
            busy.send_replace(true);
            let taken = if said.is_create {
                turn::take(self, said.text).await
            } else if let Some(upstream) = &mut self.upstream {
                // Whether it is there still is found by the reading.
                upstream.send(said.text).await;
                Ok(())
            } else {
                Ok(())
            };
            busy.send_replace(false);
            if taken.is_err() {
                return;
            }
        }
    }

    /// The next message of the client. What an upstream says meanwhile is passed on, and one that leaves is forgotten.
    async fn idle(&mut self) -> Result<client::Said, client::Gone> {
        loop {
            let Some(upstream) = &mut self.upstream else { return self.client.next().await };
            tokio::select! {
                said = self.client.next() => return said,
                message = upstream.next() => match message {
                    Some(message) => self.client.send(message).await?,
                    None => self.upstream = None,
                },
            }
        }
    }
}
