//! What all requests of one proxy share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::sync::{Semaphore, watch};

use crate::clock;
use crate::manager::{Manager, ProxyKey, random_id};
use crate::proxy::admit::gate::Gate;
use crate::proxy::admit::target::Rejection;
use crate::proxy::read::body::Budget;

/// What answers at `/rpc` whoever shows its token.
pub type RpcDoor = Box<dyn Fn(Request<Incoming>) -> BoxFuture<'static, Response<Bytes>> + Send + Sync>;

/// What all requests of one proxy share.
pub struct ProxyState {
    /// The accounts.
    pub manager: Arc<Manager>,
    /// Who may come in.
    pub gate: Gate,
    /// What answers at `/rpc`.
    pub rpc: RpcDoor,
    /// What requests and answers may keep in memory.
    pub budget: Arc<Budget>,
    /// For a large request that is translated.
    pub translating: Semaphore,
    /// When it began.
    pub started: Instant,
    /// Begins the ids of its requests, which no other process gives.
    prefix: String,
    requests: AtomicU64,
    /// How many requests for a provider came so far.
    pub arrivals: Arc<AtomicU64>,
}

impl ProxyState {
    /// Of a proxy that has served nothing yet.
    pub fn new(manager: Arc<Manager>, gate: Gate, rpc: RpcDoor) -> ProxyState {
        ProxyState {
            manager,
            gate,
            rpc,
            budget: Arc::default(),
            translating: Semaphore::new(1),
            started: clock::instant(),
            prefix: format!("req_{}", random_id()),
            requests: AtomicU64::new(1),
            arrivals: Arc::default(),
        }
    }

    /// Whether the key that a connection was opened with or a request came with, `None` for the proxy's own, is one still.
    ///
    /// # Errors
    ///
    /// What the gate says to it now.
    pub fn still_admits(&self, key: Option<&ProxyKey>) -> Result<(), Rejection> {
        let is_good = self.gate.still_admits(key, &self.manager.session().config().proxy_keys);
        is_good.then_some(()).ok_or(if key.is_some() { Rejection::UnknownKey } else { Rejection::BuiltInKey })
    }

    /// Until it is none any more.
    pub async fn admits_no_longer(&self, key: Option<&ProxyKey>) -> Rejection {
        // A key of a session holds for as long as that does.
        if key.is_none() && !self.gate.is_well_known() {
            return std::future::pending().await;
        }
        loop {
            let change = self.manager.session().rules_change();
            if let Err(rejection) = self.still_admits(key) {
                return rejection;
            }
            change.await;
        }
    }

    /// A name for the next request.
    pub fn next_request_id(&self) -> String {
        format!("{}{:08x}", self.prefix, self.requests.fetch_add(1, Ordering::Relaxed))
    }
}

/// Until the proxy is to end, which its owner's going away means too.
pub async fn stop(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|stopped| *stopped).await);
}
