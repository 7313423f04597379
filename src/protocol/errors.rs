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
    /// Whether the same call can work later without any action.
    pub retryable: bool,
    /// When it occurs.
    pub meaning: &'static str,
}

const fn row(code: i32, kind: &'static str, retryable: bool, meaning: &'static str) -> ErrorCode {
    ErrorCode { code, kind, retryable, meaning }
}

/// The product's own codes, beside those of JSON-RPC.
pub static ERROR_CODES: &[ErrorCode] = &[
    row(-32010, "accountNotFound", false, "no account has that number, id, label or email"),
    row(-32011, "ambiguousAccount", false, "several accounts have it"),
    row(-32012, "locked", false, "a secret cannot be opened or sealed: the master key is missing or is another one"),
    row(
        -32013,
        "storeBusy",
        true,
        "another process has held the accounts file's lock, or has been refreshing a token, for too long",
    ),
    row(-32014, "storeUnreadable", false, "the accounts file cannot be read or written"),
    row(-32015, "loginFailed", true, "a login was denied, cancelled or timed out"),
    row(-32016, "upstreamFailed", true, "the upstream did not answer, or its answer cannot be used"),
    row(-32017, "noAccountAvailable", true, "no account can serve"),
    row(-32018, "conflict", false, "that label or key exists already"),
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
    /// The name in the table; `invalidParams` and `internal` for JSON-RPC's own.
    pub kind: String,
    /// Whether the same call can work later without any action.
    pub retryable: bool,
    /// What to do.
    pub hint: String,
}
