//! What a session tells of itself: in the initialize result under `capabilities.experimental.codexAccountManager`
//! and in `proxy/ready`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account_set::AccountSet;

/// The product's part of the initialize result.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// Grows when clients must be changed.
    pub protocol_version: u32,
    /// Where to send requests.
    pub proxy: ProxyInfo,
    /// The address for a second client of this session.
    pub rpc: RpcInfo,
    /// This session.
    pub session: SessionIdentity,
    /// The accounts that this session may use; absent when nothing narrows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_set: Option<AccountSet>,
}

/// The proxy's address.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProxyInfo {
    /// Always a loopback address.
    pub host: String,
    /// Chosen by the system.
    pub port: u16,
    /// For `OPENAI_BASE_URL`; ends in `/v1`.
    pub base_url: String,
    /// For `OPENAI_API_KEY`; only in the initialize result, never in a notification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
}

/// The same methods for a second client, such as a status bar or a script.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RpcInfo {
    /// For `POST`, one request in each.
    pub url: String,
    /// For a WebSocket, with `notifications/subscribe`.
    pub web_socket_url: String,
    /// The bearer token of both; only in the initialize result, never in a notification. The proxy's key is refused
    /// there, since every program that an agent starts can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// A session.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionIdentity {
    /// Its id in the accounts file.
    pub id: String,
    /// Its process.
    pub pid: u32,
    /// Where it started; null when there is no usable account.
    pub start_account: Option<AccountReference>,
}

/// The names of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountReference {
    /// The stable id.
    pub id: String,
    /// 1-based.
    pub index: usize,
    /// The name that people use.
    pub label: String,
}

/// The same object as in the initialize result, without the two tokens.
pub type ProxyReadyParams = SessionInfo;
