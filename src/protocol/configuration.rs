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
