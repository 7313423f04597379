//! What a request can be answered with: the normal answer, and each failure that real upstreams have been seen to give.

use std::time::Duration;

use bytes::Bytes;

use super::wait::Wait;
use crate::breakage::Breakage;
use crate::words::ToolCall;

/// One answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What the endpoint answers when all is well.
    Normal,
    /// The normal answer, with this text in place of the server's.
    Say(String),
    /// A call of this function in place of a text, on `/v1/responses`; elsewhere the normal answer.
    CallTool(ToolCall),
    /// The normal answer, this long after the request was read.
    Slow(Duration),
    /// This answer, so long after the request was read.
    Late(Duration, Box<Answer>),
    /// 429 `rate_limit_exceeded`.
    RateLimit {
        /// How the answer tells when to come back.
        retry_after: Wait,
        /// Which limit was reached.
        kind: LimitKind,
    },
    /// 429 `insufficient_quota`: waiting does not help.
    InsufficientQuota,
    /// 401 `invalid_api_key`, with the masked key in its message.
    InvalidKey,
    /// 401 with this code, or with `null`.
    Unauthorized {
        /// The error's `code`.
        code: Option<String>,
    },
    /// 404 `model_not_found` for the model that was asked for.
    ModelNotFound,
    /// A 5xx with `server_error`.
    ServerError(u16),
    /// 503 `server_is_overloaded`.
    Overloaded,
    /// Any other error in `OpenAI`'s shape.
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
    /// Exactly this, with no header of ours but `date` and the framing.
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
    /// Sends so many events, then reports this failure inside the stream and ends it cleanly. Where no stream was asked
    /// for, a 500 with the same code.
    FailInStream {
        /// How many events are sent before; 4 is the last that shows no output on `/v1/responses`, and 1 elsewhere.
        after_events: usize,
        /// The error's `code`, such as `server_is_overloaded`.
        code: String,
        /// The error's `message`.
        message: String,
    },
}

impl Answer {
    /// Whether a WebSocket is opened with this answer. What it says of a stream then holds for the first response in
    /// the socket; every later one takes an answer of its own, and one that refuses comes as an `error` event.
    pub(super) fn lets_a_socket_open(&self) -> bool {
        match self {
            Answer::Normal | Answer::Say(_) | Answer::CallTool(_) | Answer::Slow(_) | Answer::FailInStream { .. } => {
                true
            }
            Answer::Broken(breakage) => breakage.lets_it_begin(),
            Answer::Late(_, answer) => answer.lets_a_socket_open(),
            Answer::RateLimit { .. }
            | Answer::InsufficientQuota
            | Answer::InvalidKey
            | Answer::Unauthorized { .. }
            | Answer::ModelNotFound
            | Answer::ServerError(_)
            | Answer::Overloaded
            | Answer::Status { .. }
            | Answer::Raw { .. } => false,
        }
    }
}

/// The limit that a 429 names, in the error's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Tokens per minute.
    Tokens,
    /// Requests per minute.
    Requests,
}
