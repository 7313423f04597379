//! `config/read`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `config/read` takes nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigReadParams {}

/// Every effective value.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ConfigReadResult {
    /// In the order of the table of keys.
    pub values: Vec<ConfigValue>,
    /// The rules of projects that are in force, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<ProjectRule>,
    /// What of the sources cannot be used, and what a person should know of the rules, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A rule that says which accounts a project may use.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectRule {
    /// Its number in the file, from 1.
    pub number: usize,
    /// The folders that it is for, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The git remotes that it is for, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The accounts that may be used there: groups, ids and labels between commas, `!` before what is left out. Empty is none.
    pub accounts: String,
    /// How an account is chosen there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// USD per day, for all that work there together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_limit_usd: Option<f64>,
    /// USD per month, for all that work there together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_limit_usd: Option<f64>,
    /// Its file and line.
    pub location: String,
    /// Whether it holds for this session.
    pub holds: bool,
}

/// One effective value.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ConfigValue {
    /// Its dotted name.
    pub key: String,
    /// The value; a secret one is `****`.
    pub value: serde_json::Value,
    /// `session`, `flag`, `initializationOptions`, `environment`, `rule`, `toml`, `json` or `default`.
    pub source: String,
    /// The request, flag, variable, rule, or file and line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}
