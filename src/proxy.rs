//! The OpenAI-compatible proxy: bind, accept, drain.

mod answer;
mod body;
mod echo;
mod errors;
mod forward;
mod gate;
mod head_guard;
mod headers;
mod pressure;
mod routes;
mod stream;
mod tunnel;

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
pub use gate::Gate;
use head_guard::{HeadGuard, Heads};
use pressure::Pressure;
use stream::ProxyBody;
use tunnel::Tunnels;

/// Connections at a time; more wait in the system's queue. Heads of 64 KiB each and the replay budget stay
/// together under the memory that is promised.
const CONNECTIONS: usize = 640;

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
    places: Arc<Semaphore>,
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
        }
    }

    /// Serves what comes in at `listener`.
    pub fn serve(self, listener: TcpListener) -> Running {
        let (stop, stopped) = watch::channel(false);
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let manager = Arc::clone(&self.manager);
        tokio::spawn(accept(Arc::new(self), listener, Arc::clone(&places), stopped));
        Running { manager, stop, places }
    }
}

impl Running {
    /// Takes no more requests and waits for the ones under way, `patience` at most.
    pub async fn drain(self, patience: Duration) {
        // No receiver means that the accepting has ended already.
        let _ = self.stop.send(true);
        self.manager.end_waits();
        let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
        if tokio::time::timeout(patience, self.places.acquire_many(all)).await.is_err() {
            tracing::info!("requests were still under way at the end");
        }
    }
}

async fn accept(proxy: Arc<Proxy>, listener: TcpListener, places: Arc<Semaphore>, mut stopped: watch::Receiver<bool>) {
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop(&mut stopped) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(Arc::clone(&proxy), stream, peer, stopped.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely; it passes when connections end.
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(proxy: Arc<Proxy>, stream: TcpStream, peer: SocketAddr, mut stopped: watch::Receiver<bool>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("{peer}: {error}");
    }
    let pressure = Pressure::default();
    let (guarded, heads) = HeadGuard::new(stream, pressure.clone());
    let seen = heads.clone();
    let tunnels = Tunnels::default();
    let opened = tunnels.clone();
    let service = service_fn(move |request| {
        let (proxy, heads, pressure, tunnels) = (Arc::clone(&proxy), heads.clone(), pressure.clone(), tunnels.clone());
        async move { Ok::<_, Infallible>(routes::answer(&proxy, request, &heads, &pressure, &tunnels).await) }
    });
    serve_http(peer, guarded, &seen, service, &mut stopped).await;
    // In the same task: a tunnel keeps the connection's place, and is waited for at the end like any request. Boxed, for
    // the many connections that never become one.
    if let Some(tunnel) = opened.take() {
        Box::pin(tunnel.run(&mut stopped)).await;
    }
}

/// Serves the requests of a connection, or its one that becomes a tunnel.
async fn serve_http<S>(
    peer: SocketAddr,
    guarded: HeadGuard<TcpStream>,
    heads: &Heads,
    service: S,
    stopped: &mut watch::Receiver<bool>,
) where
    S: HttpService<Incoming, ResBody = ProxyBody, Error = Infallible>,
    S::Future: Send + 'static,
{
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_header_size(head_guard::MAX_HEAD)
        .max_buf_size(READ_AT_ONCE)
        .serve_connection(TokioIo::new(guarded), service)
        .with_upgrades();
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop(stopped) => {
            // The rest of a first head would be waited for, and whoever began it has not even shown a key.
            if !heads.is_any_seen() {
                return;
            }
            serving.as_mut().graceful_shutdown();
            serving.await
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
