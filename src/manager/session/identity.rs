//! Who this process is among its siblings.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::domain::report::SessionKind;
use crate::domain::time::Timestamp;
use crate::secrets::Secret;

/// Who this process is among its siblings.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Random, made at the start.
    pub id: String,
    /// Its pid.
    pub pid: u32,
    /// What it is.
    pub kind: SessionKind,
    /// The program it serves, as that or its command calls itself.
    pub program: Option<String>,
    /// Where that program works.
    pub folder: Option<String>,
    /// Where its proxy listens.
    pub host: IpAddr,
    /// Its proxy's port.
    pub port: u16,
    /// When it started.
    pub started_at: Timestamp,
    /// What a second client of this process shows at `/rpc`.
    pub rpc_token: Secret<String>,
}

/// Where this machine reaches what listens at `ip`.
pub fn reached_at(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}
