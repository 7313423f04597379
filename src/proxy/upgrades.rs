//! The connections that become something else than HTTP, once their handshake was answered with 101.

pub mod handshake;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::proxy::admit::head_guard::HeadGuard;
use crate::proxy::socket::Socket;
use crate::proxy::state::ProxyState;
use crate::proxy::tunnel::Tunnel;

/// What a connection becomes, if its request is a handshake that is answered with 101.
#[derive(Clone, Default)]
pub struct Upgrades(Arc<Mutex<Option<Upgrade>>>);

impl Upgrades {
    /// What it becomes, if anything.
    pub fn take(&self) -> Option<Upgrade> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// It becomes this.
    pub fn put(&self, upgrade: Upgrade) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(upgrade);
    }
}

/// What a connection becomes.
pub enum Upgrade {
    /// Bytes pass both ways to one upstream.
    Tunnel(Box<Tunnel>),
    /// Each message is read, and each response may come from another account.
    Socket(Box<Socket>),
}

impl Upgrade {
    /// Whether something is under way, as it changes.
    pub fn busy(&self) -> watch::Receiver<bool> {
        match self {
            Upgrade::Tunnel(tunnel) => tunnel.busy(),
            Upgrade::Socket(socket) => socket.busy(),
        }
    }

    /// Until one side has enough. When the process is to end, until nothing is under way.
    pub async fn run(self, proxy: &ProxyState, stopped: &mut watch::Receiver<bool>) {
        match self {
            Upgrade::Tunnel(tunnel) => tunnel.run(stopped).await,
            Upgrade::Socket(socket) => socket.run(proxy, stopped).await,
        }
    }
}

/// The client's connection, and what was read of it already. `None` when it is gone.
pub async fn connection_of(client: OnUpgrade) -> Option<(TcpStream, Bytes)> {
    // The guard of heads has no business with frames.
    let parts = client.await.ok()?.downcast::<TokioIo<HeadGuard<TcpStream>>>().ok()?;
    Some((parts.io.into_inner().into_inner(), parts.read_buf))
}
