//! The connections that become WebSockets, once their handshake was answered with 101: the handshake with a client, with an
//! upstream, and what becomes of both connections.

pub mod agreement;
pub mod error_event;
pub mod handshake;
pub mod opening;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::proxy::admit::head_guard::HeadGuard;
use crate::proxy::state::ProxyState;

/// What a connection becomes, if its request is a handshake that is answered with 101.
#[derive(Clone, Default)]
pub struct Upgrades(Arc<Mutex<Option<Box<dyn Upgrade>>>>);

impl Upgrades {
    /// What it becomes, if anything.
    pub fn take(&self) -> Option<Box<dyn Upgrade>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// It becomes this.
    pub fn put(&self, upgrade: impl Upgrade + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(upgrade));
    }
}

/// What a connection becomes.
pub trait Upgrade: Send {
    /// Whether something is under way, as it changes.
    fn busy(&self) -> watch::Receiver<bool>;

    /// Runs until one side has enough. When the process is to end, until nothing is under way.
    fn run<'r>(self: Box<Self>, proxy: &'r ProxyState, stopped: &'r mut watch::Receiver<bool>) -> BoxFuture<'r, ()>;
}

/// The client's connection, and what was read of it already. `None` when it is gone.
pub async fn connection_of(client: OnUpgrade) -> Option<(TcpStream, Bytes)> {
    // The guard of heads has no business with frames.
    let parts = client.await.ok()?.downcast::<TokioIo<HeadGuard<TcpStream>>>().ok()?;
    Some((parts.io.into_inner().into_inner(), parts.read_buf))
}
