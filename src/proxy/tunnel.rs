//! A WebSocket on `/v1/realtime`, for API keys. The account is chosen at the handshake, which fails over like a request;
//! from then on the bytes pass untouched both ways, and what the upstream says is inspected. It ends when its
//! key was taken back, or rules have since left its account out, or a spending limit has come over it: what a client says in it is
//! new, however long it is open.
//!
//! Where no account can serve the answer is 426 whatever the reason, as for every socket.

mod accounting;
mod frames;
mod observer;
mod relay;

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;

use crate::domain::account::ModelFamily;
use crate::domain::resources::target;
use crate::domain::routing::conversation::conversation_key;
use crate::manager::ProxyKey;
use crate::manager::router::{Route, RouteRequest};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::state::{ProxyState, stop};
use crate::proxy::websocket::agreement::{Agreement, ClientHandshake};
use crate::proxy::websocket::{Upgrade, Upgrades, connection_of};
use accounting::Accounting;
use relay::relay;

/// No model's name is longer, in bytes.
const LONGEST_MODEL: usize = 256;

/// How often it is asked whether one may go on where nothing is heard of a change: what was spent, and the accounts file.
const LOOK: Duration = Duration::from_secs(1);

/// Two connections that agreed to speak WebSocket.
pub struct Tunnel {
    client: OnUpgrade,
    /// The key of the proxy that it was opened with.
    key: Option<Arc<ProxyKey>>,
    upstream: Upgraded,
    accounting: Accounting,
}

/// Answers a handshake: 101, and the tunnel is put in `upgrades`, or 426.
pub async fn open(
    proxy: &ProxyState,
    request: Request<Incoming>,
    (path_and_query, key): (String, Option<Arc<ProxyKey>>),
    upgrades: &Upgrades,
) -> Response<ProxyBody> {
    let mut asked = match ClientHandshake::read(proxy, request, key.clone()) {
        Ok(asked) => asked,
        Err(answer) => return *answer,
    };
    let (path, query) = path_and_query.split_once('?').unwrap_or((&path_and_query, ""));
    let model = named_model(query);
    asked.ending = asked.ending.of_model(model.as_ref());
    let header = |name: &str| asked.head.headers.get(name)?.to_str().ok();
    let route_request = RouteRequest {
        request_id: asked.request_id.clone(),
        endpoint: path.to_owned(),
        family: ModelFamily::of(model.as_deref(), &proxy.manager.session().families()),
        model,
        conversation: conversation_key(None, &header, None),
        needs_api_key: true,
        resources: [target::in_path(path), target::in_query(query)].concat(),
        ..RouteRequest::default()
    }
    .asked_with(key.as_ref().map(|key| Arc::clone(&key.name)));
    let may = |proxy: &ProxyState, route: &Route, request: &RouteRequest| {
        route.may_tunnel(&proxy.manager.accounts().view(), request)
    };
    let agreement = match asked.agree(proxy, (path_and_query, None), route_request, may).await {
        Ok(agreement) => agreement,
        Err(answer) => return *answer,
    };
    let Agreement { client, upstream, route, request, opened, mut ending, response, .. } = agreement;
    ending.hand_over();
    let accounting = Accounting::new(Arc::clone(&proxy.manager), route, request, opened);
    upgrades.put(Tunnel { client, key, upstream, accounting });
    response
}

/// Until it may not go on: its key was taken back, rules leave its account out, or a limit has come over it.
async fn not_allowed(proxy: &ProxyState, key: Option<&ProxyKey>, accounting: &Accounting) {
    loop {
        let change = proxy.manager.session().rules_change();
        if proxy.still_admits(key).is_err() || !accounting.may_go_on() {
            return;
        }
        drop(tokio::time::timeout(LOOK, change).await);
    }
}

/// The model that a query names.
fn named_model(query: &str) -> Option<String> {
    let model = query.split('&').find_map(|pair| pair.strip_prefix("model="))?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte);
    ((1..=LONGEST_MODEL).contains(&model.len()) && model.bytes().all(is_name)).then(|| model.to_owned())
}

impl Upgrade for Tunnel {
    fn busy(&self) -> watch::Receiver<bool> {
        self.accounting.busy()
    }

    fn run<'r>(self: Box<Self>, proxy: &'r ProxyState, stopped: &'r mut watch::Receiver<bool>) -> BoxFuture<'r, ()> {
        Box::pin(self.relay(proxy, stopped))
    }
}

impl Tunnel {
    /// Passes bytes until one side has enough. When the process is to end, until nothing is under way.
    async fn relay(self, proxy: &ProxyState, stopped: &mut watch::Receiver<bool>) {
        let Tunnel { client, key, upstream, accounting } = self;
        let Some((stream, read)) = connection_of(client).await else { return };
        let (from_client, to_client) = stream.into_split();
        let client = tokio::io::join(Cursor::new(read).chain(from_client), to_client);
        let mut busy = accounting.busy();
        tokio::select! {
            biased;
            // First: nothing passes after a change that this process knows of.
            () = not_allowed(proxy, key.as_deref(), &accounting) => {}
            ended = relay(client, TokioIo::new(upstream), &accounting) => accounting.ended(ended),
            () = async {
                stop(stopped).await;
                drop(busy.wait_for(|busy| !*busy).await);
            } => {}
        }
    }
}
