//! Every way in which a call of the token endpoint has been seen to go wrong.

use std::io;

use serde_json::json;

use super::token_fault::TokenFault;
use super::token_log::{InFlight, TokenOutcome};
use crate::body::cut;
use crate::reply::Reply;

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
