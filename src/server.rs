//! JSON-RPC: the method set, once, and the doors that serve it.

mod accounts;
mod error_object;
mod events;
mod http;
pub mod lifecycle;
mod login;
pub mod message_keys;
mod methods;
mod params;
mod registry;
mod routing;
pub mod status;
pub mod stdio;
mod table;
pub mod usage;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::manager::Manager;
use crate::manager::session::reached_at;
use crate::protocol::PROTOCOL_VERSION;
use crate::protocol::account_set::AccountSet;
use crate::protocol::session::{AccountReference, ProxyInfo, RpcInfo, SessionIdentity, SessionInfo};
use crate::proxy::{Gate, Proxy, Running};
use crate::secrets::Secret;
use message_keys::MessageKeys;

/// What the methods of one session work on.
pub struct Session {
    /// The one stateful room.
    pub manager: Arc<Manager>,
    /// Where the proxy listens.
    pub address: SocketAddr,
    /// The proxy's key.
    pub api_key: Secret<String>,
    /// The keys of messages that are in flight.
    pub keys: MessageKeys,
    /// Held by the request that changes something now.
    pub turn: Turn,
}

/// Whose turn it is among the requests that change something, in the order in which they came.
pub type Turn = Arc<tokio::sync::Mutex<()>>;

impl Session {
    /// Where this machine reaches the proxy.
    fn reached_at(&self) -> SocketAddr {
        SocketAddr::new(reached_at(self.address.ip()), self.address.port())
    }

    /// The proxy's address, without its key.
    pub fn proxy(&self) -> ProxyInfo {
        let address = self.reached_at();
        ProxyInfo {
            host: address.ip().to_string(),
            port: address.port(),
            base_url: format!("http://{address}/v1"),
            api_key: None,
        }
    }

    /// This session.
    pub fn identity(&self) -> SessionIdentity {
        let identity = self.manager.session().identity();
        SessionIdentity {
            id: identity.id.clone(),
            pid: identity.pid,
            start_account: self.manager.start_account().map(AccountReference::from),
        }
    }

    /// What the initialize result says, the tokens left out.
    pub fn info(&self) -> SessionInfo {
        let address = self.reached_at();
        let rpc = RpcInfo {
            url: format!("http://{address}/rpc"),
            web_socket_url: format!("ws://{address}/rpc"),
            token: None,
        };
        SessionInfo {
            protocol_version: PROTOCOL_VERSION,
            proxy: self.proxy(),
            rpc,
            session: self.identity(),
            account_set: self.manager.account_set().map(AccountSet::from),
        }
    }

    /// What the initialize result says.
    fn info_with_tokens(&self) -> SessionInfo {
        let mut info = self.info();
        info.proxy.api_key = Some(self.api_key.expose().clone());
        info.rpc.token = Some(self.manager.session().identity().rpc_token.expose().clone());
        info
    }
}

/// What a process opens to others: the proxy, with `/rpc` beside it.
pub struct Doors {
    session: Arc<Session>,
    running: Mutex<Option<Running>>,
    arrivals: Arc<AtomicU64>,
}

impl Doors {
    /// Serves `session` at `listener`, which answers to `allowed_hosts` beside its own address.
    pub fn open(session: Session, allowed_hosts: Vec<String>, listener: TcpListener) -> Doors {
        let manager = Arc::clone(&session.manager);
        let gate = Gate {
            api_key: session.api_key.clone(),
            rpc_token: manager.session().identity().rpc_token.clone(),
            address: session.address,
            allowed_hosts,
        };
        let session = Arc::new(session);
        let proxy = Proxy::new(manager, gate, http::door(&session));
        let arrivals = proxy.arrivals();
        Doors { session, running: Mutex::new(Some(proxy.serve(listener))), arrivals }
    }

    /// Whether a request for a provider ever came.
    pub fn were_used(&self) -> bool {
        self.arrivals.load(Ordering::Relaxed) > 0
    }

    /// Takes nothing new in and waits for what is under way, `patience` at most, or until the process is asked to end `again`.
    pub async fn drain(&self, patience: Duration, again: impl Future<Output = ()>) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            tokio::select! {
                () = running.drain(patience) => {}
                () = again => {}
            }
        }
    }
}
