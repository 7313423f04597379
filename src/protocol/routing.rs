//! `routing/*`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// `bound`, `pinned`, `sticky`, `failover`, `first`, `round_robin`, `least_utilized`, `priority` or `hybrid`.
    pub why: String,
}

/// A request was answered to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoutingDidFinishParams {
    /// The request, as in the response's `x-request-id`.
    pub request_id: String,
    /// The status the client got; 499 when it left before the end.
    pub status: u16,
    /// The id of the account that answered; absent when none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What the answer took; absent when it did not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<RequestUsage>,
    /// What that cost, in USD; absent when the model has no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// From the request's arrival to its end, in milliseconds.
    pub duration_ms: u64,
    /// From the request's arrival to the first byte of the answer, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<u64>,
}

/// What an answer took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestUsage {
    /// What went in.
    pub input_tokens: u64,
    /// The part of the input that came from the cache.
    pub cached_input_tokens: u64,
    /// What came out.
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
    /// Until when at most, in unix milliseconds.
    pub until: i64,
}
