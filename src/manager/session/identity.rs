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

/// 16 hexadecimal digits that no other process has.
pub fn random_id() -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    format!("{:016x}", u64::from_be_bytes(bytes))
}

/// A key for a door: 32 random bytes as hexadecimal digits.
pub fn random_key() -> Secret<String> {
    let mut halves = [[0; 16]; 2];
    for half in &mut halves {
        getrandom::fill(half).expect("the system has randomness");
    }
    let [first, second] = halves.map(u128::from_be_bytes);
    Secret::new(format!("{first:032x}{second:032x}"))
}
