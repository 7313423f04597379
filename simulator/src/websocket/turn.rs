//! What one message is answered with.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::body::Ending;

/// Pieces of a message that is too long for one frame.
const FRAGMENT: usize = 64 * 1024;

/// The messages to send, and what comes after them.
#[derive(Default)]
pub struct Turn {
    pub(crate) messages: VecDeque<Message>,
    /// How long it takes until the first of them is sent; taken then.
    pub(crate) delay: Option<Duration>,
    /// What to do when they are sent; taken then.
    pub(crate) ending: Option<Ending>,
    /// The socket is closed after them.
    pub(crate) closes: bool,
    /// Nothing more is ever sent.
    pub(crate) hangs: bool,
}

impl Turn {
    /// These messages.
    pub(crate) fn of(values: &[Value]) -> Turn {
        Turn { messages: values.iter().map(|value| text(value.to_string())).collect(), ..Turn::default() }
    }

    /// The events of a stream, each in a message.
    pub(crate) fn of_events(events: &[Bytes], ending: Ending) -> Turn {
        let messages = events.iter().filter_map(data).map(text).collect();
        Turn { messages, ending: Some(ending), ..Turn::default() }
    }

    /// An error answer as the event that a socket carries: its status, its error, and the headers it would have had.
    pub(crate) fn of_error(status: u16, headers: &[(String, String)], error: &Value) -> Turn {
        let mut event = json!({ "type": "error", "status": status, "error": error });
        if !headers.is_empty() {
            let headers = headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
            event["headers"] = Value::Object(headers.collect());
        }
        Turn { ending: Some(Ending::Clean), ..Turn::of(&[event]) }
    }

    /// Puts a message of `bytes` and a few in front, in frames of moderate length.
    pub(crate) fn pad(&mut self, bytes: usize) {
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
    pub(crate) fn has_more(&self) -> bool {
        !self.hangs && (!self.messages.is_empty() || self.ending.is_some() || self.closes)
    }

    /// Whether the next message has its turn.
    pub(crate) fn is_over(&self) -> bool {
        !self.hangs && !self.has_more()
    }
}

/// A text message.
pub(crate) fn text(text: String) -> Message {
    Message::Text(text.into())
}

/// The data of a server-sent event.
fn data(event: &Bytes) -> Option<String> {
    let event = std::str::from_utf8(event).ok()?;
    let (_, data) = event.split_once("data: ")?;
    Some(data.trim_end().to_owned())
}
