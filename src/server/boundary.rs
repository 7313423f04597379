//! Errors on the wire: the product's kinds to codes, and what jsonrpsee answers back to a value or an error.

use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;

use crate::domain::plain_text::plain;
use crate::error::{Error, ErrorKind};
use crate::protocol::errors::{ERROR_CODES, ErrorData, INTERNAL_ERROR, INVALID_PARAMS};

/// The word for a kind in the table of codes, and in `data.kind`.
fn word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidParams => "invalidParams",
        ErrorKind::AccountNotFound => "accountNotFound",
        ErrorKind::AmbiguousAccount => "ambiguousAccount",
        ErrorKind::Locked => "locked",
        ErrorKind::StoreBusy => "storeBusy",
        ErrorKind::StoreUnreadable => "storeUnreadable",
        ErrorKind::LoginFailed => "loginFailed",
        ErrorKind::UpstreamFailed => "upstreamFailed",
        ErrorKind::NoAccountAvailable => "noAccountAvailable",
        ErrorKind::Conflict => "conflict",
        ErrorKind::Configuration => "configuration",
        ErrorKind::Internal => "internal",
    }
}

/// The kind of that word; `None` for a word of another version.
pub fn kind(wanted: &str) -> Option<ErrorKind> {
    ErrorKind::ALL.into_iter().find(|kind| word(*kind) == wanted)
}

/// An error of the product as JSON-RPC has it.
pub fn error_object(error: &Error) -> ErrorObjectOwned {
    let kind = word(error.kind);
    let row = ERROR_CODES.iter().find(|row| row.kind == kind);
    let code = row
        .map_or(if error.kind == ErrorKind::InvalidParams { INVALID_PARAMS } else { INTERNAL_ERROR }, |row| row.code);
    let data = ErrorData {
        kind: kind.to_owned(),
        retryable: row.is_some_and(|row| row.retryable),
        hint: error.hint.as_deref().map(plain).unwrap_or_default(),
    };
    ErrorObjectOwned::owned(code, plain(&error.message), Some(data))
}

/// A failure of the server itself.
pub fn internal(message: &str) -> ErrorObjectOwned {
    error_object(
        &Error::new(ErrorKind::Internal, message).hint("try again; `CAM_LOG=debug` writes to stderr what happened"),
    )
}

/// The result or error of a JSON-RPC response.
pub fn result_of(response: &str) -> Result<Value, ErrorObjectOwned> {
    let mut response: Value = serde_json::from_str(response).map_err(|error| internal(&error.to_string()))?;
    match response.get_mut("error").map(Value::take) {
        None => Ok(response.get_mut("result").map(Value::take).unwrap_or_default()),
        Some(error) => Err(serde_json::from_value(error).unwrap_or_else(|error| internal(&error.to_string()))),
    }
}
