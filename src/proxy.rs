//! The OpenAI-compatible proxy: bind, accept, drain.

mod admit;
mod answer;
mod choose;
mod echo;
mod headers;
mod inspect;
mod models;
mod plan_usage;
mod read;
mod request;
mod routes;
mod send;
mod socket;
mod state;
mod tunnel;
mod websocket;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::background;
use crate::manager::Manager;
use crate::proxy::admit::connections::{self, Connections, Patience, Place};
pub use crate::proxy::admit::gate::Gate;
use crate::proxy::admit::head_guard::{self, HeadGuard};
use crate::proxy::admit::keepalive;
use crate::proxy::admit::pressure::Pressure;
use crate::proxy::admit::target;
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::faults::{self, Attended};
use crate::proxy::routes::Connection;
pub use crate::proxy::state::RpcDoor;
use crate::proxy::state::{ProxyState, stop};
use crate::proxy::websocket::Upgrades;

/// How much of a connection is read before it is passed on, in bytes: many senders of large bodies must not fill the memory
/// with what nobody has asked for yet. A head is less.
const READ_AT_ONCE: usize = 2 * head_guard::MAX_HEAD;

/// The proxy of one process.
pub struct Proxy(ProxyState);

/// A proxy that runs; dropping it stops the accepting.
pub struct Running {
    manager: Arc<Manager>,
    stop: watch::Sender<bool>,
    connections: Connections,
}

impl Proxy {
    /// A proxy in front of `manager` that lets in what `gate` does, with `rpc` beside it.
    pub fn new(manager: Arc<Manager>, gate: Gate, rpc: RpcDoor) -> Proxy {
        Proxy(ProxyState::new(manager, gate, rpc))
    }

    /// How many requests for a provider came so far, also those that were refused.
    pub fn arrivals(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0.arrivals)
    }

    /// Serves what comes in at `listener`.
    pub fn serve(self, listener: TcpListener) -> Running {
        let (stop, stopped) = watch::channel(false);
        let connections = Connections::new(connections::MOST, Patience::default());
        let manager = Arc::clone(&self.0.manager);
        background::spawn(accept(Arc::new(self.0), listener, connections.clone(), stopped));
        Running { manager, stop, connections }
    }
}

impl Running {
    /// Takes no more requests and waits for the ones under way, `patience` at most.
    pub async fn drain(self, patience: Duration) {
        // No receiver means that the accepting has ended already.
        let _ = self.stop.send(true);
        self.manager.books().end_waits();
        if tokio::time::timeout(patience, self.connections.drained()).await.is_err() {
            tracing::info!("requests were still under way at the end");
        }
    }
}

async fn accept(
    proxy: Arc<ProxyState>,
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
                background::spawn(faults::contained("a connection", connection));
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
    proxy: Arc<ProxyState>,
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
    let parts = Connection { heads, presence: presence.clone(), pressure, upgrades };
    let service = {
        let (proxy, parts) = (Arc::clone(&proxy), parts.clone());
        service_fn(move |request| {
            let (proxy, parts) = (Arc::clone(&proxy), parts.clone());
            async move {
                let under_way = parts.presence.begin();
                if !target::is_our_own(request.uri().path()) {
                    proxy.arrivals.fetch_add(1, Ordering::Relaxed);
                }
                // Boxed: a connection keeps a place as large as this future for as long as it lives.
                let response = faults::answered(Box::pin(routes::answer(&proxy, request, &parts))).await;
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

/// Serves the requests of a connection, or its one that becomes something else.
async fn serve_http<S>(
    peer: SocketAddr,
    guarded: HeadGuard<TcpStream>,
    parts: &Connection,
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
