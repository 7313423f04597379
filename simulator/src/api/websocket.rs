//! The WebSocket on `/v1/responses` and `/v1/realtime`: one message after another is answered with the events that a
//! stream over HTTP has, one in each text message.
//!
//! A handshake takes an answer of its key, and so does each response in the socket; a warm-up takes none.

mod realtime;
mod responses;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use hyper::http::request::Parts;

use super::state::Api;
use crate::answer::Answer;
use crate::body::Ending;
use crate::reply::{Content, Reply};
use crate::websocket::turn::{self, Turn};
use crate::websocket::{Handshake, Speaker, names};
use responses::Responses;

/// Whose messages a socket speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Endpoint {
    Responses,
    Realtime { model: String },
}

/// A handshake that leads to a socket.
pub(super) struct Opening {
    endpoint: Endpoint,
    handshake: Handshake,
    protocol: Option<&'static str>,
}

impl Opening {
    /// The handshake of a request; `None` when it is none, or leads to no socket.
    pub(super) fn of(head: &Parts) -> Option<Opening> {
        let handshake = Handshake::of(head)?;
        let query = head.uri.query().unwrap_or_default();
        let endpoint = match head.uri.path() {
            "/v1/responses" => Endpoint::Responses,
            "/v1/realtime" => {
                let model = query.split('&').find_map(|pair| pair.strip_prefix("model="));
                Endpoint::Realtime { model: model.unwrap_or("gpt-realtime").to_owned() }
            }
            _ => return None,
        };
        let protocol = names(head, "sec-websocket-protocol", "realtime").then_some("realtime");
        Some(Opening { endpoint, handshake, protocol })
    }

    /// The answer that opens the socket.
    pub(super) fn reply(&self) -> Reply {
        let reply = self.handshake.reply();
        match self.protocol {
            Some(protocol) => reply.with("sec-websocket-protocol", protocol),
            None => reply,
        }
    }

    /// What speaks in the socket of `key`, whose handshake got `answer`.
    pub(super) fn speaker(&self, key: &str, answer: Answer, api: Arc<Api>) -> Box<dyn Speaker> {
        let responses = Responses::new(key, answer, api);
        match &self.endpoint {
            Endpoint::Responses => Box::new(responses),
            Endpoint::Realtime { model } => Box::new(realtime::Realtime::new(responses, model)),
        }
    }
}

/// A reply in the form that sockets have. The body of a raw one is a message as it stands.
fn turn_of(reply: &Reply, answer: &Answer, ending: Ending) -> Turn {
    match &reply.content {
        Content::Events { events, .. } => Turn::of_events(events, ending),
        Content::Whole(body) if matches!(answer, Answer::Raw { .. }) => {
            let message = turn::text(String::from_utf8_lossy(body).into_owned());
            Turn { messages: [message].into(), ending: Some(ending), ..Turn::default() }
        }
        Content::Whole(_) => {
            Turn { ending: Some(ending), ..Turn::of_error(reply.status, &reply.headers, &reply.document()["error"]) }
        }
    }
}
