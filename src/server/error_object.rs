//! Errors on the wire: the product's kinds with the codes of the table.

use jsonrpsee::types::ErrorObjectOwned;

use crate::domain::plain_text::plain;
use crate::error::{Error, ErrorKind};
use crate::protocol::errors::{ERROR_CODES, ErrorData, INTERNAL_ERROR, INVALID_PARAMS};

/// An error as JSON-RPC has it: the product's own code or one of JSON-RPC's, one sentence, and what a program acts on.
impl From<Error> for ErrorObjectOwned {
    fn from(error: Error) -> ErrorObjectOwned {
        error.log_causes();
        let kind = error.kind.name();
        let row = ERROR_CODES.iter().find(|row| row.kind == kind);
        let json_rpc = if error.kind == ErrorKind::InvalidParams { INVALID_PARAMS } else { INTERNAL_ERROR };
        let data = ErrorData {
            kind: kind.to_owned(),
            retryable: row.is_some_and(|row| row.retryable),
            hint: error.hint.as_deref().map(plain).unwrap_or_default(),
        };
        ErrorObjectOwned::owned(row.map_or(json_rpc, |row| row.code), plain(&error.message), Some(data))
    }
}

/// A failure of the server itself.
pub fn internal(message: &str) -> Error {
    Error::new(ErrorKind::Internal, message).hint("try again; `CAM_LOG=debug` writes to stderr what happened")
}
