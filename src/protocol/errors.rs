//! The one table of error codes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// The JSON-RPC code.
    pub code: i32,
    /// `data.kind`
    pub kind: &'static str,
    /// Whether the same call can work later without anybody acting.
    pub retryable: bool,
    /// When it comes.
    pub meaning: &'static str,
}

const fn row(code: i32, kind: &'static str, retryable: bool, meaning: &'static str) -> ErrorCode {
    ErrorCode { code, kind, retryable, meaning }
}

/// The product's own codes, beside those of JSON-RPC.
pub static ERROR_CODES: &[ErrorCode] = &[
    row(-32010, "accountNotFound", false, "no account answers to that number, id, label or email"),
    row(-32011, "ambiguousAccount", false, "several accounts do"),
    row(-32012, "locked", false, "a secret cannot be opened or sealed with the key at hand"),
    row(
        -32013,
        "storeBusy",
        true,
        "another process holds the accounts file's lock, or the turn to refresh a token, for too long",
    ),
    row(-32014, "storeUnreadable", false, "the accounts file cannot be read or written"),
    row(-32015, "loginFailed", true, "a login was denied, cancelled or timed out"),
    row(-32016, "upstreamFailed", true, "the upstream could not be asked"),
    row(-32017, "noAccountAvailable", true, "no account can serve"),
    row(-32018, "conflict", false, "that label or key is there already"),
];

/// `data.kind` of errors that have one of JSON-RPC's own codes.
pub const FURTHER_KINDS: [&str; 3] = ["invalidParams", "configuration", "internal"];

/// JSON-RPC's code for params of the wrong form.
pub const INVALID_PARAMS: i32 = -32602;

/// JSON-RPC's code for a failure of the server itself.
pub const INTERNAL_ERROR: i32 = -32603;

/// `data` of an error.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ErrorData {
    /// The word of the table; `invalidParams` and `internal` for JSON-RPC's own.
    pub kind: String,
    /// Whether the same call can work later without anybody acting.
    pub retryable: bool,
    /// What to do.
    pub hint: String,
}
