//! One call as the endpoints see it, and the reply that they build, before any fault is worked into it.

use bytes::Bytes;
use serde::Serialize;

use super::responses;
use crate::usage::Usage;
use crate::words::{ToolCall, mixed, pieces};

/// What an endpoint needs to know of a request.
pub(super) struct Call<'a> {
    /// The method.
    pub(super) method: &'a str,
    /// The path without the query.
    pub(super) path: &'a str,
    /// The query asks for a stream.
    pub(super) streams: bool,
    /// The body.
    pub(super) body: &'a [u8],
    /// The account that the key stands for.
    pub(super) owner: u64,
    /// Differs from call to call.
    pub(super) serial: u64,
    /// Now, in unix seconds.
    pub(super) created: i64,
    /// What the answer says.
    pub(super) text: &'a str,
    /// The function that the answer calls in place of saying it.
    pub(super) tool: Option<&'a ToolCall>,
}

impl Call<'_> {
    /// An id that names its owner, so that it can be told from the id of another account.
    pub(super) fn id(&self, prefix: &str) -> String {
        format!("{prefix}{:016x}{:016x}", self.owner, mixed(self.serial))
    }

    /// An id that names no owner.
    pub(super) fn unowned_id(&self, prefix: &str) -> String {
        format!("{prefix}{:016x}{:016x}", mixed(self.owner ^ self.serial), mixed(self.serial))
    }

    /// Whether `id` was made for the account of this call.
    pub(super) fn owns(&self, id: &str, prefix: &str) -> bool {
        id.strip_prefix(prefix).is_some_and(|digits| digits.starts_with(&format!("{:016x}", self.owner)))
    }

    /// What this call costs.
    pub(super) fn usage(&self) -> Usage {
        let said = self.tool.map_or(self.text.len(), |tool| tool.name.len() + tool.arguments.len());
        Usage::of(self.body.len(), said)
    }

    /// The text in the pieces in which it is streamed.
    pub(super) fn deltas(&self) -> impl Iterator<Item = &str> {
        pieces(self.text)
    }
}

/// The answer to a call.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) content: Content,
    /// Whether the call counts against the rate limits, and its answer tells them.
    pub(super) metered: bool,
    /// Whether the usual headers are left out.
    pub(super) bare: bool,
}

/// What a reply carries.
pub(super) enum Content {
    /// A JSON document, or any bytes when the reply is bare.
    Whole(Bytes),
    /// Server-sent events.
    Events {
        /// All of them, in order.
        events: Vec<Bytes>,
        /// How many at the end tell that the answer is whole.
        terminal: usize,
        /// Whose events they are.
        dialect: Dialect,
    },
}

/// How an endpoint spells its events.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Chat completions and completions: data only, and `[DONE]` at the end.
    Chat,
    /// Responses: named and numbered events.
    Responses,
}

impl Reply {
    /// A successful answer.
    pub(super) fn json(value: &impl Serialize) -> Reply {
        let body = serde_json::to_vec(value).expect("the documents here have string keys only");
        Reply { status: 200, headers: Vec::new(), content: Content::Whole(body.into()), metered: false, bare: false }
    }

    /// A stream of events, the last `terminal` of which say that it is whole.
    pub(super) fn events(events: Vec<Bytes>, terminal: usize, dialect: Dialect) -> Reply {
        let content = Content::Events { events, terminal, dialect };
        Reply { status: 200, headers: Vec::new(), content, metered: true, bare: false }
    }

    /// The same reply, counted against the rate limits.
    pub(super) fn metered(mut self) -> Reply {
        self.metered = true;
        self
    }
}

/// One event without a name.
pub(super) fn data_event(value: &impl Serialize) -> Bytes {
    let mut event = b"data: ".to_vec();
    serde_json::to_writer(&mut event, value).expect("the events here have string keys only");
    event.extend_from_slice(b"\n\n");
    event.into()
}

/// The event that reports a failure after `sent` others.
pub(super) fn failure_event(call: &Call, dialect: Dialect, sent: usize, code: &str, message: &str) -> Bytes {
    match dialect {
        Dialect::Responses => responses::failed_event(call, sent, code, message),
        Dialect::Chat => data_event(&serde_json::json!({
            "error": { "message": message, "type": "server_error", "param": null, "code": code }
        })),
    }
}
