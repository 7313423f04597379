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
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoutingDidFinishParams {
    /// The request, as in the response's `x-request-id`.
    pub request_id: String,
    /// The status the client got; 499 when it left before the end.
    pub status: u16,
    /// The id of the account that answered; absent when none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// From the request's arrival to its end, in milliseconds.
    pub duration_ms: u64,
    /// From the request's arrival to the first byte of the answer, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<u64>,
}
