//! `status/read`

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account_set::AccountSet;
use super::accounts::SpendingLimits;
use super::pins::Pin;
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
    /// Its proxy, without the key.
    pub proxy: ProxyInfo,
    /// The strategy in force.
    pub strategy: String,
    /// The accounts that this session may use; absent when nothing narrows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_set: Option<AccountSet>,
    /// Every session that is alive.
    pub sessions: Vec<Session>,
    /// How many accounts there are.
    pub accounts: AccountCounts,
    /// What may be spent for projects and with keys of `proxy`, and what was; absent where the configuration has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<Budget>,
}

/// What may be spent for a project or with a key of `proxy`, in all processes of this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// What it is of.
    pub kind: BudgetKind,
    /// The `path` or `remote` of the rule, or the name of the key.
    pub name: String,
    /// The rule or the key with its place in the configuration.
    pub title: String,
    /// What may be spent, if that is limited.
    pub limits: SpendingLimits,
    /// What was spent since the last local midnight, in USD.
    pub today_usd: f64,
    /// What was spent since the month began, in local time, in USD.
    pub month_usd: f64,
    /// When more may be spent; absent while more may be spent now. In unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_at: Option<i64>,
}

/// What a budget is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BudgetKind {
    /// A rule of `[[projects]]`.
    Project,
    /// An entry of `[[proxy.keys]]`.
    Key,
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
    /// The program it serves: the name and version that the client sends in `initialize`; under `run` the name of the
    /// command, without its folder and arguments. At most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Where that program works: the client's first workspace folder, else the working directory of the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The requests of which an attempt ended within the last 60 seconds; 0 where the ledger cannot be read.
    #[serde(default)]
    pub requests_per_minute: u64,
    /// The switches by hand that it follows, the one for every family first: those made for this session alone, and those
    /// for everywhere. Of several for the same family only the newest is here, and none that was removed in this
    /// session. A session of an older version does not report its own.
    #[serde(default)]
    pub pins: Vec<Pin>,
    /// The accounts that it may use; absent when nothing narrows them. A session of an older version has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_set: Option<AccountSet>,
    /// Whether it is the session that answers.
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
