//! Switches by hand, wherever accounts or sessions are listed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A switch by hand that is in force: it wins over the strategy, except while its account cannot serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pin {
    /// The account's id.
    pub account: String,
    /// The one family it is for; absent when it is for every family that has no pin of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// `session` when it was made for one session, `everywhere` when every session follows it.
    pub scope: SwitchScope,
}

/// Which sessions a switch of the account or of the strategy is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SwitchScope {
    /// This session.
    #[default]
    Session,
    /// Every running session and new ones.
    Everywhere,
}
