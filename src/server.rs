//! JSON-RPC: the method set, once, and the doors that serve it.

mod accounts;
mod boundary;
mod events;
pub mod frame_guard;
mod frames;
pub mod lifecycle;
mod methods;
mod params;
mod routing;
mod status;
pub mod stdio;
mod table;
pub mod usage;

use std::sync::Arc;

use crate::manager::Manager;
use crate::protocol::PROTOCOL_VERSION;
use crate::protocol::session::{AccountReference, ProxyInfo, SessionIdentity, SessionInfo};
use crate::secrets::Secret;

/// What the methods of one session work on.
pub struct Session {
    /// The one stateful room.
    pub manager: Arc<Manager>,
    /// The proxy's port.
    pub port: u16,
    /// The proxy's key.
    pub api_key: Secret<String>,
}

impl Session {
    /// The proxy's address, without its key.
    pub fn proxy(&self) -> ProxyInfo {
        ProxyInfo {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            base_url: format!("http://127.0.0.1:{}/v1", self.port),
            api_key: None,
        }
    }

    /// Who this session is.
    pub fn identity(&self) -> SessionIdentity {
        let identity = self.manager.identity();
        SessionIdentity {
            id: identity.id.clone(),
            pid: identity.pid,
            start_account: self.manager.start_account().map(AccountReference::from),
        }
    }

    /// What the initialize result tells, the key left out.
    pub fn info(&self) -> SessionInfo {
        SessionInfo { protocol_version: PROTOCOL_VERSION, proxy: self.proxy(), session: self.identity() }
    }
}
