//! `status/read`

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::session::{AccountReference, ProxyInfo, SessionIdentity};

/// `status/read` takes nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusReadParams {}

/// This session, its proxy, and every session that is alive.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusReadResult {
    /// This session.
    pub session: SessionIdentity,
    /// Its proxy, the key left out.
    pub proxy: ProxyInfo,
    /// The strategy in force.
    pub strategy: String,
    /// Every session that is alive.
    pub sessions: Vec<Session>,
    /// How many accounts there are.
    pub accounts: AccountCounts,
}

/// How many accounts there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountCounts {
    /// All of them.
    pub total: usize,
    /// Those that can serve now.
    pub available: usize,
}

/// A session that is alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id.
    pub id: String,
    /// Its process.
    pub pid: u32,
    /// What it is.
    pub kind: SessionKind,
    /// Its proxy's port.
    pub port: u16,
    /// In unix milliseconds.
    pub started_at: i64,
    /// Where it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_account: Option<AccountReference>,
    /// The id of its current account per family.
    pub accounts: BTreeMap<String, String>,
    /// Whether it is the one that answers.
    #[serde(rename = "self")]
    pub is_self: bool,
}

/// What kind of process a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SessionKind {
    /// Spawned by an editor or agent.
    Sidecar,
    /// Around a command.
    Run,
    /// Stand-alone.
    Proxy,
}
