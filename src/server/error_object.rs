//! Errors on the wire: the product's kinds with the codes of the table.

use serde::Serialize;

use crate::domain::plain_text::plain;
use crate::error::{Error, ErrorKind};
use crate::protocol::errors::{ERROR_CODES, ErrorData, INTERNAL_ERROR, INVALID_PARAMS};

/// An error as JSON-RPC has it.
#[derive(Debug, Serialize)]
pub struct ErrorObject {
    /// The product's own code, or one of JSON-RPC's.
    pub code: i32,
    /// One sentence.
    pub message: String,
    /// What a program acts on.
    pub data: ErrorData,
}

impl From<Error> for ErrorObject {
    fn from(error: Error) -> ErrorObject {
        error.log_causes();
        let kind = error.kind.name();
        let row = ERROR_CODES.iter().find(|row| row.kind == kind);
        let json_rpc = if error.kind == ErrorKind::InvalidParams { INVALID_PARAMS } else { INTERNAL_ERROR };
        ErrorObject {
            code: row.map_or(json_rpc, |row| row.code),
            message: plain(&error.message),
            data: ErrorData {
                kind: kind.to_owned(),
                retryable: row.is_some_and(|row| row.retryable),
                hint: error.hint.as_deref().map(plain).unwrap_or_default(),
            },
        }
    }
}

/// A failure of the server itself.
pub fn internal(message: &str) -> Error {
    Error::new(ErrorKind::Internal, message).hint("try again; `CAM_LOG=debug` writes to stderr what happened")
}
