//! `workspace/executeCommand`: LSP's own request, for the two commands that any editor can run with no plugin.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which command. LSP may add members; they are ignored.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExecuteCommandParams {
    /// `openai-accounts` or `openai-accounts-switch`.
    pub command: String,
    /// Empty for the first; for the second the number of an account, or its digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Vec<serde_json::Value>>,
}

/// The text that the command returns.
pub type ExecuteCommandResult = String;
