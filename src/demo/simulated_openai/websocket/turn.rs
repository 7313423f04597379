//! What one message is answered with.

use std::collections::VecDeque;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::super::reply::{Content, Reply};
use crate::demo::loopback::body::Ending;

/// Pieces of a message that is too long for one frame.
const FRAGMENT: usize = 64 * 1024;

/// The messages to send, and what comes after them.
#[derive(Default)]
pub(super) struct Turn {
    pub(super) messages: VecDeque<Message>,
    /// What to do when they are sent; taken then.
    pub(super) ending: Option<Ending>,
    /// The socket is closed after them.
    pub(super) closes: bool,
    /// Nothing more is ever sent.
    pub(super) hangs: bool,
}

impl Turn {
    /// These messages.
    pub(super) fn of(values: &[Value]) -> Turn {
        Turn { messages: values.iter().map(|value| text(value.to_string())).collect(), ..Turn::default() }
    }

    /// A reply in the form that sockets have.
    pub(super) fn from_reply(reply: &Reply, ending: Ending) -> Turn {
        let messages = match &reply.content {
            Content::Events { events, .. } => events.iter().filter_map(data).map(text).collect(),
            Content::Whole(body) if reply.bare => VecDeque::from([text(String::from_utf8_lossy(body).into_owned())]),
            Content::Whole(body) => VecDeque::from([text(error_event(reply, body).to_string())]),
        };
        Turn { messages, ending: Some(ending), ..Turn::default() }
    }

    /// Puts a message of `bytes` and a few in front, in frames of moderate length.
    pub(super) fn pad(&mut self, bytes: usize) {
        static DASHES: [u8; FRAGMENT] = [b'-'; FRAGMENT];
        let (whole, rest) = (bytes / FRAGMENT, bytes % FRAGMENT);
        let mut pieces = vec![Bytes::from_static(b"{\"type\":\"simulated.padding\",\"padding\":\"")];
        pieces.extend(std::iter::repeat_n(Bytes::from_static(&DASHES), whole));
        pieces.extend([Bytes::from_static(&DASHES[..rest]), Bytes::from_static(b"\"}")]);
        let last = pieces.len() - 1;
        for (place, piece) in pieces.into_iter().enumerate().rev() {
            let kind = if place == 0 { Data::Text } else { Data::Continue };
            self.messages.push_front(Message::Frame(Frame::message(piece, OpCode::Data(kind), place == last)));
        }
    }

    /// Whether there is something to send or to do.
    pub(super) fn has_more(&self) -> bool {
        !self.hangs && (!self.messages.is_empty() || self.ending.is_some() || self.closes)
    }

    /// Whether the next message has its turn.
    pub(super) fn is_over(&self) -> bool {
        !self.hangs && !self.has_more()
    }
}

fn text(text: String) -> Message {
    Message::Text(text.into())
}

/// The data of a server-sent event.
fn data(event: &Bytes) -> Option<String> {
    let event = std::str::from_utf8(event).ok()?;
    let (_, data) = event.split_once("data: ")?;
    Some(data.trim_end().to_owned())
}

/// An error answer as the event that a socket carries: its status, its error, and the headers it would have had.
fn error_event(reply: &Reply, body: &Bytes) -> Value {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let headers: serde_json::Map<String, Value> =
        reply.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    let mut event = json!({ "type": "error", "status": reply.status, "error": body["error"] });
    if !headers.is_empty() {
        event["headers"] = Value::Object(headers);
    }
    event
}
