//! What a ChatGPT login may use: in every `Account`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One quota window, named by its length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotaWindow {
    /// Such as `5h` or `week`.
    pub name: String,
    /// 0 to 100.
    pub used_percent: f64,
    /// Its length in seconds.
    pub window_seconds: u64,
    /// When it resets, in unix milliseconds.
    pub reset_at: i64,
}

/// One window of a model's meter. A meter may have several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeterWindow {
    /// The meter, as the provider calls it, such as `codex_bengalfox`.
    pub name: String,
    /// The model that it counts, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// 0 to 100.
    pub used_percent: f64,
    /// Its length in seconds.
    pub window_seconds: u64,
    /// When it resets, in unix milliseconds.
    pub reset_at: i64,
}

/// What a ChatGPT login can use beyond its quota.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credits {
    /// Whether there are any.
    pub has_credits: bool,
    /// Whether they are unlimited.
    pub unlimited: bool,
    /// How many, as the provider writes it; some plans do not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<String>,
}
