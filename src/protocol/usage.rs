//! `usage/read`, and what an account used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an account used, in all processes of this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountUsage {
    /// Since the last local midnight.
    pub today: UsageTotals,
    /// Since the month began, in local time.
    pub month: UsageTotals,
}

/// Sums of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageTotals {
    /// Requests that were served.
    pub requests: u64,
    /// Input tokens.
    pub input_tokens: u64,
    /// The part of the input that came from the cache.
    pub cached_input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// The cost in USD of the models that have a price.
    pub cost_usd: f64,
}

/// Which days, and grouped by what.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageReadParams {
    /// Today and the days before it: 1 to 400, 30 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 400))]
    pub days: Option<u64>,
    /// By account if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UsageBy>,
}

/// How usage is grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UsageBy {
    /// A row for each account.
    #[default]
    Account,
    /// A row for each model.
    Model,
    /// A row for each day.
    Day,
    /// A row for each rule of `[[projects]]`.
    Project,
    /// A row for each key of `[[proxy.keys]]`.
    Key,
}

/// What was used.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UsageReadResult {
    /// Sorted: days by date; accounts as they are listed, removed ones last; models, projects and keys by cost, the highest
    /// first, and by tokens where the cost is the same. There is no row without usage. A request for two projects is in
    /// both rows.
    pub rows: Vec<UsageRow>,
    /// All of it, in which each request counts once; it has no name.
    pub total: UsageRow,
}

/// What one account, model, day, project or key used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageRow {
    /// The account's id, when grouped by account. The account may be removed by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The model, when grouped by model; absent for requests that named none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The local day, such as `2026-11-21`, when grouped by day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// The `path` or `remote` of the rule, when grouped by project; absent for requests for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The name of the key, when grouped by key; absent for requests that came with none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Requests that were served.
    pub requests: u64,
    /// Input tokens.
    pub input_tokens: u64,
    /// The part of the input that came from the cache.
    pub cached_input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// The cost in USD of the models that have a price.
    pub cost_usd: f64,
    /// How many of the requests are not in the cost, because their model has no price.
    pub unpriced: u64,
}
