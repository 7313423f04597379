//! The WebSocket on `/v1/responses` and `/v1/realtime`: one message after another is answered with the events that a
//! stream over HTTP has, one in each text message.
//!
//! A handshake takes an answer of its key, and so does each response in the socket; a warm-up takes none.

mod realtime;
mod responses;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use hyper::Response;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use serde_json::Value;

use super::answer::Answer;
use super::headers;
use super::reply::{Call, Content, Reply};
use super::state::State;
use crate::body::{Ending, ReplyBody};
use crate::clock::Clock;
use crate::record::Watch;
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
    pub(super) fn response(&self, call: &Call) -> Response<ReplyBody> {
        let nothing = Content::Whole(Bytes::new());
        let reply = Reply { status: 101, headers: Vec::new(), content: nothing, metered: false, bare: false };
        let body = ReplyBody::whole(Bytes::new(), Ending::Clean, Watch::new(None));
        let mut response = body.with_status(reply.status);
        let headers = response.headers_mut();
        *headers = headers::of(&reply, call);
        self.handshake.accept(headers);
        if let Some(protocol) = self.protocol {
            headers.insert("sec-websocket-protocol", HeaderValue::from_static(protocol));
        }
        response
    }

    /// What speaks in the socket of `key`, whose handshake got `answer`.
    pub(super) fn speaker(&self, key: &str, answer: Answer, state: Arc<State>, clock: Clock) -> Box<dyn Speaker> {
        let responses = Responses::new(key, answer, state, clock);
        match &self.endpoint {
            Endpoint::Responses => Box::new(responses),
            Endpoint::Realtime { model } => Box::new(realtime::Realtime::new(responses, model)),
        }
    }
}

/// A reply in the form that sockets have.
fn turn_of(reply: &Reply, ending: Ending) -> Turn {
    match &reply.content {
        Content::Events { events, .. } => Turn::of_events(events, ending),
        Content::Whole(body) if reply.bare => {
            let message = turn::text(String::from_utf8_lossy(body).into_owned());
            Turn { messages: [message].into(), ending: Some(ending), ..Turn::default() }
        }
        Content::Whole(body) => {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            Turn { ending: Some(ending), ..Turn::of_error(reply.status, &reply.headers, &body["error"]) }
        }
    }
}
