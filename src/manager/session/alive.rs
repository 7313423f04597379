//! Where each session is reached, for a reader that holds no session record: a screen, a status bar. It
//! takes no lock that a session waits for, and writes nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::Session;
use crate::secrets::Secret;

/// Where the `/rpc` of a session is.
#[derive(Clone, Debug)]
pub struct RpcAddress {
    /// Where this machine reaches it: 127.0.0.1 but for a stand-alone proxy that is bound elsewhere.
    pub host: IpAddr,
    /// Its proxy's port.
    pub port: u16,
    /// Its process, in its own pid namespace.
    pub pid: u32,
    /// The bearer token of its `/rpc`.
    pub token: Secret<String>,
    /// The file that holds the token, in the member [`TOKEN`].
    pub token_file: PathBuf,
}

/// What the token is called in a session's file.
pub const TOKEN: &str = "rpcToken";

impl RpcAddress {
    /// Its address by this scheme, `http` or `ws`.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}/rpc", SocketAddr::new(self.host, self.port))
    }
}

impl Session {
    /// Where the `/rpc` of the session with this id is; `None` for one that is dead, or that has none.
    pub fn rpc_of(&self, session_id: &str) -> Option<RpcAddress> {
        // The token of a dead one is no secret, but its port may be another program's by now.
        let private = self.store.session_private(session_id).filter(|_| self.store.is_alive(session_id))?;
        let number = |name: &str| private[name].as_u64();
        Some(RpcAddress {
            host: private["host"].as_str().and_then(|host| host.parse().ok()).unwrap_or(Ipv4Addr::LOCALHOST.into()),
            port: number("port").and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)?,
            pid: number("pid").and_then(|pid| u32::try_from(pid).ok()).unwrap_or_default(),
            token: Secret::new(private[TOKEN].as_str()?.to_owned()),
            token_file: self.store.session_file(session_id),
        })
    }
}
