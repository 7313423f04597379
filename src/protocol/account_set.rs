//! The accounts that a session may use, where something narrows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The accounts that a session may use, and what narrows them: a rule of the project, a flag, a client's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountSet {
    /// In a few words, as for a status bar: `work`, `work, !main`; of several that narrow it, each with ` & ` between; `none` when
    /// no account is left. The response header `x-account-set` carries it too.
    pub name: String,
    /// The ids of the accounts that it may use, in the order of the file.
    pub accounts: Vec<String>,
    /// All that narrows it: an account must be in each.
    pub narrowed_by: Vec<Narrowing>,
    /// What a person should know, such as that two folders of the session are under different rules.
    pub warnings: Vec<String>,
}

/// One thing that narrows the accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Narrowing {
    /// How it is called: a rule with its file and line, a flag, a setting.
    pub name: String,
    /// The accounts that it names, as they are written; absent where that cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<String>,
    /// Why it leaves no account: it cannot be read, or names what is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}
