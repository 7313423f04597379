//! A WebSocket on `/v1/responses`, whose messages are read: each `response.create` is a turn that is routed, accounted and
//! failed over like a request, over one upstream socket at a time. The account of that is kept while it can serve, and a
//! turn that names what it made stays with it.
//!
//! Where no account can serve a socket the answer is 426 whatever the reason: Codex falls back to HTTP on it at once,
//! where each request fails over and learns why it cannot be served; on 429 it would give up, on others try again.

mod asked;
mod client;
mod events;
mod listening;
mod passing;
mod refusals;
mod turn;
mod upstream;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Request, Response};
use serde_json::Value;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::domain::account::ModelFamily;
use crate::domain::resources::target;
use crate::domain::routing::conversation::{ConversationKey, ConversationNames, conversation_key};
use crate::manager::ProxyKey;
use crate::manager::router::{Route, RouteRequest};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::ending::Ending;
use crate::proxy::read::fields::is_name;
use crate::proxy::send::client_version;
use crate::proxy::state::{ProxyState, stop};
use crate::proxy::websocket::agreement::{Agreement, ClientHandshake};
use crate::proxy::websocket::opening::Opening;
use crate::proxy::websocket::{Upgrade, Upgrades};
use client::{Client, ClientMessage, Gone};
use upstream::Upstream;

/// Where it is.
const PATH: &str = "/v1/responses";

/// What Codex says of the turn that it opens a socket for.
const TURN_METADATA: &str = "x-codex-turn-metadata";

/// A socket, once its handshake was answered with 101.
pub struct Socket {
    client: OnUpgrade,
    /// The key of the proxy that it was opened with.
    key: Option<Arc<ProxyKey>>,
    opening: Opening,
    upstream: (Upgraded, Route),
    ending: Ending,
    busy: watch::Sender<bool>,
}

/// What a socket is made of while it lives.
struct Session<'s> {
    proxy: &'s ProxyState,
    opening: Opening,
    client: Client<'s>,
    /// The one that is open.
    upstream: Option<Upstream>,
    /// What its turns are of, where they do not say so.
    conversation: Option<ConversationKey>,
}

/// Answers a handshake: 101, and the socket is put in `upgrades`, or 426.
pub async fn open(
    proxy: &ProxyState,
    request: Request<Incoming>,
    (path_and_query, key): (String, Option<Arc<ProxyKey>>),
    upgrades: &Upgrades,
) -> Response<ProxyBody> {
    let asked = match ClientHandshake::read(proxy, request, key.clone()) {
        Ok(asked) => asked,
        Err(answer) => return *answer,
    };
    let request_id = asked.request_id.clone();
    let headers = &asked.head.headers;
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let model = header(TURN_METADATA).and_then(model_of_turn);
    // A session for all that is asked in this socket, where the client names none.
    let own = conversation_key(Some(&request_id), &|_| None, None).map(|key| proxy.manager.conversation_id(key));
    let session = ConversationNames::new(None, &header, own.as_deref()).header;
    let route_request = RouteRequest {
        request_id,
        endpoint: PATH.to_owned(),
        family: ModelFamily::of(model.as_deref(), &proxy.manager.session().families()),
        model,
        conversation: conversation_key(None, &header, None),
        resources: target::in_query(path_and_query.split_once('?').map_or("", |(_, query)| query)),
        client_version: client_version(headers, &proxy.manager),
        ..RouteRequest::default()
    }
    .asked_with(key.as_ref().map(|key| Arc::clone(&key.name)));
    let agreement = match asked.agree(proxy, (path_and_query, session), route_request, |_, _, _| true).await {
        Ok(agreement) => agreement,
        Err(answer) => return *answer,
    };
    let Agreement { client, upstream, opening, mut route, ending, response, .. } = agreement;
    let ending = ending.with_answer(Some(route.account.clone()), None, response.status().as_u16());
    // What it proves is for a turn to say.
    route.end_probe();
    let busy = watch::Sender::new(false);
    upgrades.put(Socket { client, key, opening, upstream: (upstream, route), ending, busy });
    response
}

/// The model of the turn that a Codex opens a socket for.
fn model_of_turn(metadata: &str) -> Option<String> {
    let metadata: Value = serde_json::from_str(metadata).ok()?;
    metadata["model"].as_str().filter(|model| is_name(model)).map(str::to_owned)
}

impl Upgrade for Socket {
    fn busy(&self) -> watch::Receiver<bool> {
        self.busy.subscribe()
    }

    fn run<'r>(self: Box<Self>, proxy: &'r ProxyState, stopped: &'r mut watch::Receiver<bool>) -> BoxFuture<'r, ()> {
        Box::pin(self.serve(proxy, stopped))
    }
}

impl Socket {
    /// Serves turns until one side has enough. When the process is to end, until the turn under way is over.
    async fn serve(self, proxy: &ProxyState, stopped: &mut watch::Receiver<bool>) {
        let Socket { client, key, opening, upstream: (upstream, route), mut ending, busy } = self;
        let Some(client) = Client::of(client, proxy, key).await else { return };
        let upstream = Some(Upstream::new(upstream, &route).await);
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
            if self.client.admitted().await.is_err() {
                return;
            }
            busy.send_replace(true);
            self.leave_what_is_not_allowed(&said).await;
            let taken = if said.is_create {
                turn::take(self, said).await
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

    /// Closes the connection of an account that rules have since left out, or that they left out when `said` came: nothing more is
    /// sent to it.
    async fn leave_what_is_not_allowed(&mut self, said: &ClientMessage) {
        let client = &self.client;
        let is_left_out = |open: &mut Upstream| !client.may_tell(said, &open.account);
        if let Some(upstream) = self.upstream.take_if(is_left_out) {
            upstream.leave().await;
        }
    }

    /// The next message of the client. What an upstream says meanwhile is passed on, and one that leaves is forgotten.
    async fn idle(&mut self) -> Result<ClientMessage, Gone> {
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
