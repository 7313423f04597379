//! What a call of a session fails with.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;

/// Why a call led to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The session answered with an error.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// There is no such session any more.
    #[error("the session has ended")]
    Gone,
    /// Its `/rpc` cannot be reached, and why.
    #[error("the session cannot be reached: {0}")]
    Closed(#[from] Error),
    /// It did not answer within this time.
    #[error("the session did not answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// Its answer is none of this version of the product.
    #[error("the session's answer cannot be read")]
    Unreadable,
}

/// The error that a session answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code of JSON-RPC.
    pub code: i64,
    /// One sentence.
    pub message: String,
    /// The word of the product's table of errors, where there is one.
    pub kind: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl CallError {
    /// What to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            CallError::Refused(refusal) => refusal.hint.clone(),
            CallError::Gone | CallError::Closed(_) => None,
            CallError::Slow(_) => Some("check whether its process is stopped".to_owned()),
            CallError::Unreadable => {
                Some("it may run another version of codex-account-manager; start it again".to_owned())
            }
        }
    }
}

/// `error` as it is on the wire; what is not of its usual form is left out.
#[derive(Deserialize)]
pub struct WireError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Value,
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Refusal {
        let said = |name: &str| error.data[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let (kind, hint) = (said("kind"), said("hint"));
        Refusal { code: error.code, message: error.message, kind, hint }
    }
}
