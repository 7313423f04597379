//! `accounts/login`: how a ChatGPT account is added.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to log in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountsLoginParams {
    /// By which way.
    pub method: LoginMethod,
    /// How the account is to be called; its email if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The existing accounts make room: their file is moved aside once the login is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh: Option<bool>,
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LoginMethod {
    /// A page in a browser on this machine.
    Browser,
    /// A code that is typed into a page anywhere.
    Device,
}

/// A login that is under way; `accounts/didLogin` tells its end.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountsLoginResult {
    /// Its name, for `accounts/cancelLogin` and `accounts/didLogin`.
    pub login_id: String,
    /// The page to open.
    pub url: String,
    /// What to type there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_code: Option<String>,
    /// When it is given up, in unix milliseconds.
    pub expires_at: i64,
}

/// Which login to give up.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountsCancelLoginParams {
    /// As `accounts/login` named it.
    pub login_id: String,
}

/// A login was given up.
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
