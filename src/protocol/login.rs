//! `accounts/login`: how a ChatGPT account is added.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to log in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountsLoginParams {
    /// The way to log in.
    pub method: LoginMethod,
    /// The label of the account; its email if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Start fresh: the file with the existing accounts is moved aside after the login has worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh: Option<bool>,
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LoginMethod {
    /// A page in a browser on this machine.
    Browser,
    /// A code that the user enters on a page, on any device.
    Device,
}

/// A login in progress; `accounts/didLogin` reports its result.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountsLoginResult {
    /// Its id, for `accounts/cancelLogin` and `accounts/didLogin`.
    pub login_id: String,
    /// The page to open.
    pub url: String,
    /// The code to enter there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_code: Option<String>,
    /// When it times out, in unix milliseconds.
    pub expires_at: i64,
}

/// Which login to cancel.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountsCancelLoginParams {
    /// As `accounts/login` named it.
    pub login_id: String,
}

/// The login was cancelled.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct AccountsCancelLoginResult {}

/// A login ended.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountsDidLoginParams {
    /// As `accounts/login` named it.
    pub login_id: String,
    /// The id of the account that was added or renewed; absent when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
