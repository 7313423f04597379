//! The failures of the token endpoint that can be scripted, and the shapes of its refusals.

use std::time::Duration;

use serde_json::json;

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
