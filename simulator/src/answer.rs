//! What a request can be answered with: the normal answer, and each failure that the real upstreams have been seen to give.

use std::time::Duration;

use bytes::Bytes;

use crate::breakage::Breakage;
use crate::wait::{LimitKind, Wait};
use crate::words::ToolCall;

/// One answer to one request. A refusal that one face alone gives is a 501 of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What the endpoint answers when all is well.
    Normal,
    /// 429 `rate_limit_exceeded`, of the API.
    RateLimit {
        /// How the answer says when to come back.
        retry_after: Wait,
        /// Which limit was reached.
        kind: LimitKind,
    },
    /// `usage_limit_reached`, of ChatGPT: the plan is used up.
    UsageLimit {
        /// 429, and sometimes 404.
        status: u16,
        /// How long until the plan can be used again.
        resets_in: Duration,
    },
    /// 503 `server_is_overloaded`.
    Overloaded,
    /// The normal answer with this text.
    Say(String),
    /// Calls of these tools in place of a text, one after another in one response; the API calls the first of them, on
    /// `/v1/responses` alone.
    CallTools(Vec<ToolCall>),
    /// This summary of a reasoning, whether or not one was asked for, and then this text. The API says the text alone.
    Think {
        /// The summary.
        summary: String,
        /// The text.
        text: String,
    },
    /// A refusal of the model's in place of a text; the API answers as usual.
    Refuse(String),
    /// This text, ended by `response.incomplete` with the reason `max_output_tokens`; the API answers as usual.
    Incomplete {
        /// What was said until then.
        text: String,
    },
    /// The normal answer, this long after the request was read.
    Slow(Duration),
    /// This answer, so long after the request was read.
    Late(Duration, Box<Answer>),
    /// 429 `insufficient_quota`, of the API: waiting does not help.
    InsufficientQuota,
    /// 401 `invalid_api_key`, of the API, with the masked key in its message.
    InvalidKey,
    /// 404 `model_not_found` for the model that was asked for, of the API.
    ModelNotFound,
    /// 429 `usage_not_included`, of ChatGPT: the plan has no Codex.
    UsageNotIncluded,
    /// A workspace that is closed, of ChatGPT.
    DeactivatedWorkspace {
        /// 402 or 403.
        status: u16,
    },
    /// 400, of ChatGPT: this account may not use the model that was asked for.
    ModelNotSupported,
    /// 401 with this code. Without one the API says `null`, and ChatGPT `{"detail":"Unauthorized"}`.
    Unauthorized {
        /// Such as `token_expired`, `token_invalidated` or `token_revoked`.
        code: Option<String>,
    },
    /// A 5xx with `server_error`.
    ServerError(u16),
    /// Any other error in the API's shape.
    Status {
        /// The HTTP status.
        status: u16,
        /// The error's `code`.
        code: Option<String>,
        /// The error's `type`.
        error_type: String,
        /// The error's `message`.
        message: String,
        /// Headers beside or in place of the usual ones.
        headers: Vec<(String, String)>,
    },
    /// Exactly this; from the API with no header but these, `date` and the framing.
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
    /// Sends so many events, then reports this failure inside the stream and ends it cleanly; a response ends with
    /// `response.failed`. Where no stream was asked for, a 500 with the same code.
    FailInStream {
        /// How many events are sent before; 4 is the last of a response that shows no output, and 1 elsewhere.
        after_events: usize,
        /// The error's `code`, such as `server_is_overloaded`.
        code: String,
        /// The error's `message`.
        message: String,
    },
}
