//! Every way in which a call of the token endpoint has been seen to go wrong.

use std::io;
use std::time::Duration;

use serde_json::json;

use super::token_log::{InFlight, TokenOutcome};
use crate::breakage::cut;
use crate::reply::Reply;

/// A failure of one call to the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// This status, such as a 5xx; nothing is rotated.
    Status(u16),
    /// This status and code, in the shape of `error.code`; nothing is rotated. Without a code the body is `{}`.
    Coded(u16, Option<&'static str>),
    /// 429 with `retry-after` in whole seconds; nothing is rotated.
    RateLimited {
        /// The wait.
        retry_after: Duration,
    },
    /// A 200 whose body is no JSON, as a captive portal sends it; nothing is rotated.
    NotJson,
    /// No answer ever; nothing is rotated.
    Hang,
    /// The connection is closed without a byte; nothing is rotated.
    Cut,
    /// The tokens are rotated, and the connection is closed without a byte.
    RotateThenCut,
    /// The tokens are rotated, and the answer never comes.
    RotateThenHang,
    /// All is well, this long after the request was read.
    DelayBeforeRotating(Duration),
    /// The tokens are rotated at once, and the answer comes this much later.
    DelayAfterRotating(Duration),
}

/// How a refused refresh says why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefusalShape {
    /// `{"error":{"code":"refresh_token_reused",…}}`.
    #[default]
    ErrorCode,
    /// `{"error":"invalid_grant",…}`, which does not say more.
    InvalidGrant,
    /// `{"code":"refresh_token_reused",…}`.
    TopLevelCode,
}

impl RefusalShape {
    /// A refused refresh in this shape.
    pub(super) fn reply(self, status: u16, code: &str, message: &str) -> Reply {
        let kind = "invalid_request_error";
        match self {
            RefusalShape::ErrorCode => Reply::error(status, kind, Some(code), None, message),
            RefusalShape::InvalidGrant => {
                Reply::json(status, &json!({ "error": "invalid_grant", "error_description": message }))
            }
            RefusalShape::TopLevelCode => {
                Reply::json(status, &json!({ "code": code, "message": message, "type": kind }))
            }
        }
    }
}

/// Answers `call`, which `granted` does, as `fault` has it.
pub(super) async fn faulted(
    fault: TokenFault,
    call: &mut InFlight<'_>,
    granted: impl FnOnce(&mut InFlight<'_>) -> Reply,
) -> io::Result<Reply> {
    if let Some(end) = before_rotating(fault).await {
        call.end(TokenOutcome::Faulted(fault));
        return end.answer().await;
    }
    let reply = granted(call);
    match after_rotating(fault).await {
        Some(end) => {
            call.lose();
            end.answer().await
        }
        None => {
            call.answer();
            Ok(reply)
        }
    }
}

/// How a fault ends a call.
enum End {
    Reply(Reply),
    Cut,
    Hang,
}

impl End {
    async fn answer(self) -> io::Result<Reply> {
        match self {
            End::Reply(reply) => Ok(reply),
            End::Cut => Err(cut()),
            End::Hang => std::future::pending().await,
        }
    }
}

/// What of `fault` comes before anything is issued.
async fn before_rotating(fault: TokenFault) -> Option<End> {
    match fault {
        TokenFault::Status(status) => {
            let message = "The server had an error. Please try again later.";
            Some(End::Reply(Reply::error(status, "server_error", None, None, message)))
        }
        TokenFault::Coded(status, Some(code)) => {
            Some(End::Reply(Reply::error(status, "invalid_request_error", Some(code), None, "Not now.")))
        }
        TokenFault::Coded(status, None) => Some(End::Reply(Reply::json(status, &json!({})))),
        TokenFault::RateLimited { retry_after } => {
            let seconds = retry_after.as_millis().div_ceil(1000).to_string();
            let message = "Too many requests. Please try again later.";
            let reply = Reply::error(429, "rate_limit_error", Some("rate_limit_exceeded"), None, message);
            Some(End::Reply(reply.with("retry-after", &seconds)))
        }
        TokenFault::NotJson => Some(End::Reply(Reply::page(200, "Accept the terms of this network first."))),
        TokenFault::Hang => Some(End::Hang),
        TokenFault::Cut => Some(End::Cut),
        TokenFault::DelayBeforeRotating(wait) => {
            tokio::time::sleep(wait).await;
            None
        }
        TokenFault::RotateThenCut | TokenFault::RotateThenHang | TokenFault::DelayAfterRotating(_) => None,
    }
}

/// What of `fault` comes once something is issued.
async fn after_rotating(fault: TokenFault) -> Option<End> {
    match fault {
        TokenFault::RotateThenCut => Some(End::Cut),
        TokenFault::RotateThenHang => Some(End::Hang),
        TokenFault::DelayAfterRotating(wait) => {
            tokio::time::sleep(wait).await;
            None
        }
        TokenFault::Status(_)
        | TokenFault::Coded(..)
        | TokenFault::RateLimited { .. }
        | TokenFault::NotJson
        | TokenFault::Hang
        | TokenFault::Cut
        | TokenFault::DelayBeforeRotating(_) => None,
    }
}
