//! The OpenAI-compatible proxy: bind, accept, drain.

mod answer;
mod body;
mod connections;
mod echo;
mod errors;
mod faults;
mod forward;
mod gate;
mod head_guard;
mod headers;
mod keepalive;
mod plan_usage;
mod pressure;
mod routes;
mod socket;
mod stream;
mod tunnel;
mod upgrades;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::clock;
use crate::manager::{Manager, random_id};
use body::Budget;
use connections::{Connections, Patience, Place, Presence};
use faults::Attended;
pub use gate::Gate;
use head_guard::{HeadGuard, Heads};
use pressure::Pressure;
use stream::ProxyBody;
use upgrades::Upgrades;

/// How much of a connection is read before it is passed on, in bytes: many senders of large bodies must not fill the memory
/// with what nobody has asked for yet. A head is less.
const READ_AT_ONCE: usize = 2 * head_guard::MAX_HEAD;

/// What answers at `/rpc` whoever shows its token.
pub type RpcDoor = Box<dyn Fn(Request<Incoming>) -> BoxFuture<'static, Response<Bytes>> + Send + Sync>;

/// The proxy of one process.
pub struct Proxy {
    manager: Arc<Manager>,
    gate: Gate,
    rpc: RpcDoor,
    budget: Arc<Budget>,
    /// For a large request that is translated.
    translating: Semaphore,
    started: Instant,
    request_ids: RequestIds,
    arrivals: Arc<AtomicU64>,
}

/// Names for requests that no other process gives.
struct RequestIds {
    prefix: String,
    next: AtomicU64,
}

impl RequestIds {
    fn new() -> RequestIds {
        RequestIds { prefix: random_id(), next: AtomicU64::new(1) }
    }

    fn next(&self) -> String {
        format!("req_{}{:08x}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// A proxy that runs; dropping it stops the accepting.
pub struct Running {
    manager: Arc<Manager>,
    stop: watch::Sender<bool>,
    connections: Connections,
}

impl Proxy {
    /// A proxy in front of `manager` that lets in what `gate` does, with `rpc` beside it.
    pub fn new(manager: Arc<Manager>, gate: Gate, rpc: RpcDoor) -> Proxy {
        Proxy {
            manager,
            gate,
            rpc,
            budget: Arc::new(Budget::default()),
            translating: Semaphore::new(1),
            started: clock::instant(),
            request_ids: RequestIds::new(),
            arrivals: Arc::default(),
        }
    }

    /// How many requests for a provider came so far, also those that were refused.
    pub fn arrivals(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.arrivals)
    }

    /// Serves what comes in at `listener`.
    pub fn serve(self, listener: TcpListener) -> Running {
        let (stop, stopped) = watch::channel(false);
        let connections = Connections::new(connections::MOST, Patience::default());
        let manager = Arc::clone(&self.manager);
        tokio::spawn(accept(Arc::new(self), listener, connections.clone(), stopped));
        Running { manager, stop, connections }
    }
}

impl Running {
    /// Takes no more requests and waits for the ones under way, `patience` at most.
    pub async fn drain(self, patience: Duration) {
        // No receiver means that the accepting has ended already.
        let _ = self.stop.send(true);
        self.manager.end_waits();
        if tokio::time::timeout(patience, self.connections.drained()).await.is_err() {
            tracing::info!("requests were still under way at the end");
        }
    }
}

async fn accept(
    proxy: Arc<Proxy>,
    listener: TcpListener,
    connections: Connections,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = async {
                let accepted = listener.accept().await?;
                Ok::<_, std::io::Error>((accepted, connections.admit().await))
            } => accepted,
            () = stop(&mut stopped) => return,
        };
        match accepted {
            Ok(((stream, peer), place)) => {
                let connection = connection(Arc::clone(&proxy), stream, peer, place, stopped.clone());
                tokio::spawn(faults::contained("a connection", connection));
            }
            Err(error) => {
                // Out of file descriptors, most likely; it passes when connections end.
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(
    proxy: Arc<Proxy>,
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    mut stopped: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true).and_then(|()| keepalive::ask(&stream)) {
        tracing::debug!("{peer}: {error}");
    }
    let presence = place.presence();
    let pressure = Pressure::default();
    let (guarded, heads) = HeadGuard::new(stream, presence.clone(), pressure.clone());
    let upgrades = Upgrades::default();
    let parts = Parts { heads, presence: presence.clone(), pressure, upgrades };
    let service = {
        let (proxy, parts) = (Arc::clone(&proxy), parts.clone());
        service_fn(move |request| {
            let (proxy, parts) = (Arc::clone(&proxy), parts.clone());
            async move {
                let under_way = parts.presence.begin();
                if !routes::is_our_own(request.uri().path()) {
                    proxy.arrivals.fetch_add(1, Ordering::Relaxed);
                }
                let response = faults::answered(routes::answer(&proxy, request, &parts)).await;
                Ok::<_, Infallible>(response.map(|body| Attended::new(body, under_way)))
            }
        })
    };
    serve_http(peer, guarded, &parts, service, &mut stopped).await;
    // In the same task: it keeps the connection's place, and is waited for at the end like any request. Boxed, for the many
    // connections that never become anything else.
    if let Some(upgrade) = parts.upgrades.take() {
        let busy = upgrade.busy();
        tokio::select! {
            () = Box::pin(upgrade.run(&proxy, &mut stopped)) => {}
            () = Box::pin(presence.crowded_out(busy)) => {}
        }
    }
}

/// What belongs to one connection, whatever is asked on it.
#[derive(Clone)]
struct Parts {
    heads: Heads,
    presence: Presence,
    pressure: Pressure,
    upgrades: Upgrades,
}

/// Serves the requests of a connection, or its one that becomes something else.
async fn serve_http<S>(
    peer: SocketAddr,
    guarded: HeadGuard<TcpStream>,
    parts: &Parts,
    service: S,
    stopped: &mut watch::Receiver<bool>,
) where
    S: HttpService<Incoming, ResBody = Attended<ProxyBody>, Error = Infallible>,
    S::Future: Send + 'static,
{
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        // It would begin when an answer ends, and allow an idle connection no more time than a head.
        .header_read_timeout(None)
        .max_header_size(head_guard::MAX_HEAD)
        .max_buf_size(READ_AT_ONCE)
        .serve_connection(TokioIo::new(guarded), service)
        .with_upgrades();
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        why = parts.presence.overstayed() => {
            tracing::debug!("{peer}: closed: {why:?}");
            return;
        }
        () = stop(stopped) => {
            // The rest of a first head would be waited for, and whoever began it has not even shown a key.
            if !parts.heads.is_any_seen() {
                return;
            }
            serving.as_mut().graceful_shutdown();
            tokio::select! {
                ended = serving.as_mut() => ended,
                _ = parts.presence.overstayed() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!("{peer}: {error}");
    }
}

/// Until the proxy is to end, which its owner's going away means too.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|stopped| *stopped).await);
}
