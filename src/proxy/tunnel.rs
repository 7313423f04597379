//! A WebSocket on `/v1/realtime`, for API keys. The account is chosen at the handshake, which fails over like a request;
//! from then on the bytes pass untouched both ways, and what the upstream says is inspected.
//!
//! Where no account can serve the answer is 426 whatever the reason, as for every socket.

mod accounting;
mod frames;
mod relay;
mod told;

use std::io::Cursor;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;

use crate::clock;
use crate::domain::account::ModelFamily;
use crate::domain::resources::target;
use crate::domain::routing::conversation::conversation_key;
use crate::manager::router::turn_state::TURN_STATE;
use crate::manager::router::{Route, RouteRequest, all_written};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::ending::Ending;
use crate::proxy::answer::errors;
use crate::proxy::answer::finish::{Answer, finish};
use crate::proxy::socket::attempts::{Attempts, Open, Reached, Stuck};
use crate::proxy::socket::opening::Opening;
use crate::proxy::socket::{HANDSHAKE, accepted, refused};
use crate::proxy::state::{ProxyState, stop};
use crate::proxy::tunnel::accounting::Accounting;
use crate::proxy::tunnel::relay::relay;
use crate::proxy::upgrades::{Upgrade, Upgrades, connection_of, handshake};

/// No model's name is longer, in bytes.
const LONGEST_MODEL: usize = 256;

/// Two connections that agreed to speak WebSocket.
pub struct Tunnel {
    client: OnUpgrade,
    upstream: Upgraded,
    accounting: Accounting,
}

/// A tunnel is opened once.
enum Never {}

impl Open for Never {
    fn is_for(&self, _: &mut Route) -> bool {
        match *self {}
    }
}

/// Answers a handshake: 101, and the tunnel is put in `upgrades`, or 426.
pub async fn open(
    proxy: &ProxyState,
    mut request: Request<Incoming>,
    path_and_query: &str,
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
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let model = named_model(query);
    let ending = ending.of_model(model.as_ref());
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    let route_request = RouteRequest {
        request_id,
        endpoint: path.to_owned(),
        family: ModelFamily::of(model.as_deref(), &proxy.manager.session().families()),
        model,
        conversation: conversation_key(None, &header, None),
        needs_api_key: true,
        resources: [target::in_path(path), target::in_query(query)].concat(),
        ..RouteRequest::default()
    };
    let accept = handshake::accept(&head.headers);
    let mut headers = handshake::for_upstream(head.headers);
    let turn_state = headers.remove(TURN_STATE);
    let opening = Opening { path_and_query: path_and_query.to_owned(), headers, turn_state, session: None };
    let may = |proxy: &ProxyState, route: &Route, request: &RouteRequest| proxy.manager.may_tunnel(route, request);
    let mut attempts = Attempts::new(proxy, &opening, route_request, None).within(opened + HANDSHAKE, may);
    let reached = attempts.reach(&mut None::<Never>, |_, _| {}).await;
    all_written(std::mem::take(&mut attempts.writes), clock::instant()).await;
    let (route, agreed) = match reached {
        Ok(Reached::Opened(route, agreed)) => (route, agreed),
        Ok(Reached::Open(_)) => return refused(&mut attempts, &Stuck::Spent, ending),
        Err(stuck) => return refused(&mut attempts, &stuck, ending),
    };
    let response = accepted(&attempts, &route, &agreed.headers, accept);
    ending.hand_over();
    let accounting = Accounting::new(Arc::clone(&proxy.manager), route, attempts.request, opened);
    upgrades.put(Upgrade::Tunnel(Box::new(Tunnel { client, upstream: agreed.upstream, accounting })));
    response
}

/// The model that a query names.
fn named_model(query: &str) -> Option<String> {
    let model = query.split('&').find_map(|pair| pair.strip_prefix("model="))?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte);
    ((1..=LONGEST_MODEL).contains(&model.len()) && model.bytes().all(is_name)).then(|| model.to_owned())
}

impl Tunnel {
    /// Whether something is under way, as it changes.
    pub fn busy(&self) -> watch::Receiver<bool> {
        self.accounting.busy()
    }

    /// Passes bytes until one side has enough. When the process is to end, until nothing is under way.
    pub async fn run(self, stopped: &mut watch::Receiver<bool>) {
        let Tunnel { client, upstream, accounting } = self;
        let Some((stream, read)) = connection_of(client).await else { return };
        let (from_client, to_client) = stream.into_split();
        let client = tokio::io::join(Cursor::new(read).chain(from_client), to_client);
        let mut busy = accounting.busy();
        tokio::select! {
            ended = relay(client, TokioIo::new(upstream), &accounting) => accounting.ended(ended),
            () = async {
                stop(stopped).await;
                drop(busy.wait_for(|busy| !*busy).await);
            } => {}
        }
    }
}
