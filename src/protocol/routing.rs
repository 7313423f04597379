//! `routing/*`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account_set::AccountSet;
use super::pins::SwitchScope;
use crate::domain::routing::Strategy;

/// The names of all strategies, for the reference: `` `a`, `b` or `c` ``.
fn strategies() -> String {
    let [others @ .., last] = Strategy::ALL.map(|strategy| format!("`{}`", strategy.name()));
    format!("{} or {last}", others.join(", "))
}

/// Which request.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingExplainParams {
    /// The model it names; none if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The conversation it belongs to, as `prompt_cache_key` names it; only the stand-alone proxy uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
}

/// What routing would decide now.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoutingExplainResult {
    /// The strategy in force.
    pub strategy: String,
    /// The model's family.
    pub family: String,
    /// The id of the account that the request would get; absent when none can serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<String>,
    /// Every account, in the order of the file.
    pub candidates: Vec<RoutingCandidate>,
    /// The accounts that this session may use; absent when nothing narrows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_set: Option<AccountSet>,
    /// If none can serve: when the first one can serve again, in unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_at: Option<i64>,
}

/// Whether one account can serve a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoutingCandidate {
    /// The account's id.
    pub account: String,
    /// Whether it can serve the request.
    pub eligible: bool,
    /// Why not: names of states, `modelNotInScope` and `notServed`.
    pub reasons: Vec<String>,
    /// The number by which the strategy compares accounts, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

/// Which strategy, and for whom.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingSetStrategyParams {
    /// The strategy's name; `-` is accepted for `_`.
    #[schemars(description = format!("{}; `-` is accepted for `_`.", strategies()))]
    pub strategy: String,
    /// This session, or also `config.toml`, which every running process follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<SwitchScope>,
}

/// The strategy in force.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RoutingSetStrategyResult {
    /// Its name.
    pub strategy: String,
}

/// An account was chosen for an attempt of a request.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoutingDidSelectParams {
    /// The request, as in the response's `x-request-id`.
    pub request_id: String,
    /// The account's id.
    pub account: String,
    /// The model the request names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its family.
    pub family: String,
    /// 1 for the first account that is tried.
    pub attempt: u32,
    /// Why this account: `bound`, `pinned`, `failover`, `first`, or the name of a strategy.
    #[schemars(description = format!("`bound`, `pinned`, `failover`, `first`, {}.", strategies()))]
    pub why: String,
}

/// A request was answered completely, or ended otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoutingDidFinishParams {
    /// The request, as in the response's `x-request-id`.
    pub request_id: String,
    /// The status that the client received; 499 when it left before the end.
    pub status: u16,
    /// The id of the account that answered; absent when none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The model the request names. A request that no account can serve has only this notification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The tokens of the answer; absent when it did not report them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<RequestUsage>,
    /// The cost in USD; absent when the model has no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// From the request's arrival to its end, in milliseconds.
    pub duration_ms: u64,
    /// From the request's arrival to the first byte of the answer, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<u64>,
}

/// The tokens of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestUsage {
    /// Input tokens.
    pub input_tokens: u64,
    /// The part of the input that came from the cache.
    pub cached_input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// The part of the output that was reasoning.
    pub reasoning_tokens: u64,
}

/// A request waits until an account is free.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoutingDidWaitParams {
    /// The request; progress about it has this token.
    pub request_id: String,
    /// The latest end of the wait, in unix milliseconds.
    pub until: i64,
}
