//! `accounts/*`

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::account_set::AccountSet;
use super::pins::{Pin, SwitchScope};
use super::quota::{Credits, MeterWindow, QuotaWindow};
use super::usage::AccountUsage;

/// Which account: a 1-based number, or an id, label or email.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AccountSelector {
    /// 1-based.
    Number(u64),
    /// Digits are a number; else an id, label or email, in this order, ignoring case.
    Name(String),
}

impl std::fmt::Display for AccountSelector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AccountSelector::Number(number) => number.fmt(formatter),
            AccountSelector::Name(name) => name.fmt(formatter),
        }
    }
}

/// One account, without any secret or part of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The stable id.
    pub id: String,
    /// 1-based.
    pub index: usize,
    /// The name that people use.
    pub label: String,
    /// How it authenticates.
    pub kind: AccountKind,
    /// The login's email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The provider's id of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The plan of a ChatGPT login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Where its requests go, when not to the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Higher is preferred by the strategies that look at it.
    pub priority: i64,
    /// The only models it serves, as patterns; empty means every model.
    pub models: Vec<String>,
    /// The groups that it is in: rules of projects name accounts by them.
    pub groups: Vec<String>,
    /// Whether it is the current one: over RPC this session's, on the command line the file's.
    pub active: bool,
    /// The families for which it is the current one.
    pub active_families: Vec<String>,
    /// Its state.
    pub state: AccountState,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it can serve again by itself, in unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_at: Option<i64>,
    /// The current limits.
    pub rate_limits: Vec<RateLimit>,
    /// The quota windows of a ChatGPT login's plan.
    pub quota: Vec<QuotaWindow>,
    /// The windows of the models that have a meter of their own beside the plan's.
    #[serde(default)]
    pub meters: Vec<MeterWindow>,
    /// What a ChatGPT login can use beyond its quota, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credits: Option<Credits>,
    /// What it used, in every process of this machine.
    #[serde(default)]
    pub usage: AccountUsage,
    /// Its spending limits.
    pub limits: SpendingLimits,
    /// When it was added, in unix milliseconds.
    pub added_at: i64,
    /// When it last served, in unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<i64>,
    /// When the access token of a ChatGPT login expires, in unix milliseconds. While the login is used, the token is refreshed before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_expires_at: Option<i64>,
    /// The live sessions that use it.
    pub sessions: Vec<AccountSession>,
    /// The switches by hand to it that are followed, as in `accounts/list`; absent when it is not pinned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<Pin>,
}

/// How an account authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AccountKind {
    /// An OpenAI API key.
    ApiKey,
    /// A ChatGPT Plus or Pro login.
    #[serde(rename = "chatgpt")]
    ChatGpt,
}

/// The state of an account: the first of these that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AccountState {
    /// A rule of the project, or something else that narrows this session, leaves it out.
    NotAllowed,
    /// It was disabled by hand.
    Disabled,
    /// Its secret cannot be opened.
    Locked,
    /// Its credential was refused.
    NeedsLogin,
    /// Its spending limit is reached.
    OverLimit,
    /// At least one family is limited.
    RateLimited,
    /// Benched for every family.
    CoolingDown,
    /// Its breaker is open.
    CircuitOpen,
    /// It can serve.
    Ready,
}

/// One current limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    /// The family.
    pub family: String,
    /// The one model that is limited, if not the whole family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// When it ends, in unix milliseconds.
    pub reset_at: i64,
}

/// Spending limits in USD.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpendingLimits {
    /// Per day, local time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_usd: Option<f64>,
    /// Per month, local time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_usd: Option<f64>,
}

/// A live session that uses an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountSession {
    /// The session's id.
    pub id: String,
    /// Its process.
    pub pid: u32,
}

/// `accounts/list` takes nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountsListParams {}

/// Every account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountsListResult {
    /// The accounts file's revision.
    pub revision: u64,
    /// The 1-based number of the file's active account; 0 when there is no account.
    pub active_index: usize,
    /// The same per family.
    pub active_index_by_family: std::collections::BTreeMap<String, usize>,
    /// The switches by hand that this session follows, as its entry in `status/read` has them; on the command line those
    /// that every session follows.
    #[serde(default)]
    pub pins: Vec<Pin>,
    /// The accounts that this session may use; absent when nothing narrows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_set: Option<AccountSet>,
    /// In the order of the file.
    pub accounts: Vec<Account>,
}

/// Which account to read.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountsReadParams {
    /// The account.
    pub account: AccountSelector,
}

/// Which accounts to refresh.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountsRefreshParams {
    /// The account; every ChatGPT login that is enabled if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountSelector>,
}

/// The accounts after the refresh.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountsRefreshResult {
    /// Those that were refreshed, in the order of the file.
    pub accounts: Vec<Account>,
}

/// Which account to switch to.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountsSwitchParams {
    /// The account; null removes the pin. It is required: an absent one is an error.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "selector_or_null")]
    pub account: Option<AccountSelector>,
    /// For this family only; for all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// For this session or for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<SwitchScope>,
}

fn selector_or_null(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [generator.subschema_for::<AccountSelector>(), {"type": "null"}]})
}

/// The result of a switch.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountsSwitchResult {
    /// The current account after the switch; null when there is none.
    pub account: Option<Account>,
    /// The id of the account that was current before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// The running sessions that a switch everywhere does not reach, because they may not use the account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedOver>,
}

/// A session that a switch everywhere does not reach.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PassedOver {
    /// Its id.
    pub id: String,
    /// Its process.
    pub pid: u32,
    /// The program it serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Where that program works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// What keeps the account out there: a rule with its place, a flag, a variable.
    pub rule: String,
}

/// A new API-key account.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountsAddParams {
    /// 1 to 64 characters, no control characters, not all digits, unique.
    pub label: String,
    /// The key; it is sealed before it is written to disk, and never shown again.
    pub api_key: String,
    /// Another upstream that speaks OpenAI's API: https, or http on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Sent as `OpenAI-Organization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Sent as `OpenAI-Project`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Higher is preferred; 0 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// The only models it serves, as patterns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<String>>,
    /// The groups that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// USD per day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_limit_usd: Option<f64>,
    /// USD per month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_limit_usd: Option<f64>,
}

/// What to change; a field that is absent stays, null clears it.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountsUpdateParams {
    /// The account.
    pub account: AccountSelector,
    /// A new label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// A new key; it also clears `needsLogin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// Needs the key in the same call, so that a stored key is never sent to a new address.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub base_url: Option<Option<String>>,
    /// Sent as `OpenAI-Organization`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub organization: Option<Option<String>>,
    /// Sent as `OpenAI-Project`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub project: Option<Option<String>>,
    /// Null is 0.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub priority: Option<Option<i64>>,
    /// Null is every model.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub models: Option<Option<Vec<String>>>,
    /// Null is no group.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub groups: Option<Option<Vec<String>>>,
    /// USD per day.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub daily_limit_usd: Option<Option<f64>>,
    /// USD per month.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub monthly_limit_usd: Option<Option<f64>>,
    /// Whether it is enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// Distinguishes null from absent.
#[expect(clippy::option_option, reason = "absent, null and a value are three different things here")]
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Which account to remove.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountsRemoveParams {
    /// The account.
    pub account: AccountSelector,
}

/// The account as it was.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AccountsRemoveResult {
    /// The account as it was.
    pub removed: Account,
}

/// Accounts changed, or which of them this session may use.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AccountsDidChangeParams {
    /// The accounts file's revision.
    pub revision: u64,
    /// Who changed them.
    pub cause: ChangeCause,
    /// The ids of the accounts that were added, changed or removed, or that this session may use now or may not any more.
    pub accounts: Vec<String>,
}

/// Who changed accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChangeCause {
    /// This process.
    #[serde(rename = "self")]
    Own,
    /// Another process of the product.
    Sibling,
    /// Another program wrote or removed the file.
    File,
    /// A rule of the project, or something else that narrows this session, was changed: `accountSet` in `accounts/list` is
    /// another one.
    AccountSet,
}
