//! What a request to the backend can be answered with: the normal answer, and each failure that the real one has been
//! seen to give.

use std::time::Duration;

use bytes::Bytes;

use crate::breakage::Breakage;
use crate::words::ToolCall;

/// One answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The server's text, or a document that fits the schema where the request asks for one.
    Normal,
    /// This text.
    Say(String),
    /// Calls of these tools, one after another in one response.
    CallTools(Vec<ToolCall>),
    /// This summary of a reasoning, whether or not one was asked for, and then this text.
    Think {
        /// The summary.
        summary: String,
        /// The text.
        text: String,
    },
    /// A refusal of the model's in place of a text.
    Refuse(String),
    /// This text, ended by `response.incomplete` with the reason `max_output_tokens`.
    Incomplete {
        /// What was said until then.
        text: String,
    },
    /// The normal answer, this long after the request was read.
    Slow(Duration),
    /// This answer, so long after the request was read.
    Late(Duration, Box<Answer>),
    /// `usage_limit_reached`: the plan is used up.
    UsageLimit {
        /// 429, and sometimes 404.
        status: u16,
        /// How long until the plan can be used again.
        resets_in: Duration,
    },
    /// 429 `usage_not_included`: the plan has no Codex.
    UsageNotIncluded,
    /// A workspace that is closed.
    DeactivatedWorkspace {
        /// 402 or 403.
        status: u16,
    },
    /// 401, with `{"detail":"Unauthorized"}` or with this code.
    Unauthorized {
        /// Such as `token_expired`, `token_invalidated` or `token_revoked`.
        code: Option<String>,
    },
    /// 400: this account may not use the model that was asked for.
    ModelNotSupported,
    /// A 5xx with `server_error`.
    ServerError(u16),
    /// 503 `server_is_overloaded`.
    Overloaded,
    /// Exactly this.
    Raw {
        /// The HTTP status.
        status: u16,
        /// The headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Bytes,
    },
    /// The normal answer, broken off like this.
    Broken(Breakage),
    /// The normal stream in pieces of so many bytes, whatever stands in them.
    Torn {
        /// The length of a piece.
        bytes: usize,
    },
    /// Sends so many events, then `response.failed` and ends cleanly.
    FailInStream {
        /// How many events are sent before; 4 is the last that shows no output.
        after_events: usize,
        /// Such as `rate_limit_exceeded`, `server_is_overloaded` or `context_length_exceeded`.
        code: String,
        /// The error's `message`.
        message: String,
    },
    /// Sends so many events, then a top-level `error` event and ends cleanly.
    ErrorInStream {
        /// How many events are sent before.
        after_events: usize,
        /// The error's `code`.
        code: String,
        /// The error's `message`.
        message: String,
    },
}
