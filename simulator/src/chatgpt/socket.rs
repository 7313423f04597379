//! The WebSocket of the backend: `response.create` makes a response, which may continue the one made last in the same
//! socket.
//!
//! The handshake asks for a good token alone, unless a test scripts its refusal. Limits and other refusals are an `error`
//! event with the status and the headers that they would have had over HTTP.

use std::sync::Arc;

use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::asked::Asked;
use super::caller::Caller;
use super::responses::{answer_of, quota_event, refused, served};
use super::state::ChatGpt;
use super::stream::Made;
use super::{checks, rules, stream, turn_state};
use crate::answer::Answer;
use crate::body::Ending;
use crate::breakage::Breakage;
use crate::faults::{spoiled, timed};
use crate::reply::{Content, Reply};
use crate::response::failed_event;
use crate::websocket::turn::Turn;
use crate::websocket::{Handshake, Speaker, names};

/// The value of `openai-beta` that a client asks for the socket with.
const BETA: &str = "responses_websockets=2026-02-06";

/// What belongs to the socket, not to a request of the backend.
const OWN_FIELDS: [&str; 3] = ["type", "generate", "previous_response_id"];

/// The socket that `head` asks for, or the refusal.
pub(super) fn open(state: &Arc<ChatGpt>, head: &Parts) -> Result<(Reply, Box<dyn Speaker>), Reply> {
    let caller = Caller::admitted(state, head)?;
    turn_state::checked(&caller, &Value::Null)?;
    let handshake = Handshake::of(head).filter(|_| names(head, "openai-beta", BETA) && state.backend().websocket);
    let handshake = handshake.ok_or_else(|| Reply::detail(426, "Upgrade Required"))?;
    let answer = state.backend().of(caller.account).handshakes.take();
    match refused(state, &caller, &Value::Null, &answer) {
        Some(reply) => Err(reply),
        None => {
            let reply = turn_state::issued(caller.account, handshake.reply());
            Ok((reply, Box::new(Socket { state: Arc::clone(state), caller, last: None })))
        }
    }
}

/// The responses of one socket.
pub(super) struct Socket {
    state: Arc<ChatGpt>,
    caller: Caller,
    /// The response that can be continued: the last one, unless it failed.
    last: Option<Last>,
}

struct Last {
    id: String,
    /// What it was asked, and what it said.
    items: Vec<Value>,
}

impl Speaker for Socket {
    fn answer(&mut self, text: &str) -> Turn {
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(message)) if message.get("type") == Some(&json!("response.create")) => {
                self.respond(Value::Object(message), text.len()).unwrap_or_else(|reply| turn_of(&reply))
            }
            // Sent by Codex once it has taken a response in; nothing follows.
            Ok(message) if message["type"] == "response.processed" => Turn::default(),
            Ok(message) => turn_of(&Reply::wrong_type(message["type"].as_str().unwrap_or_default())),
            Err(_) => turn_of(&Reply::detail(400, "Invalid JSON")),
        }
    }
}

impl Socket {
    fn respond(&mut self, mut request: Value, length: usize) -> Result<Turn, Reply> {
        let generates = request["generate"] != json!(false);
        // A failed response can not be continued, and neither can the one that it continued.
        let last = self.last.take();
        let before = match request["previous_response_id"].as_str() {
            Some(id) => last.filter(|last| last.id == id).ok_or_else(|| Reply::no_previous_response(id))?.items,
            None => Vec::new(),
        };
        continue_with(&mut request, before);
        rules::checked(&self.caller, &request)?;
        turn_state::checked(&self.caller, &request)?;
        if !generates {
            return Ok(self.warm_up(&request, length));
        }
        checks::checked(&self.state, &self.caller, &request)?;
        let (delay, answer) = timed(answer_of(&self.state, &self.caller, &request)?);
        let delay = Some(delay);
        if let Answer::Broken(breakage) = answer
            && !breakage.lets_it_begin()
        {
            return Ok(Turn { ending: Some(breakage.ending()), ..Turn::default() });
        }
        if let Some(reply) = refused(&self.state, &self.caller, &request, &answer) {
            return Ok(Turn { delay, ..turn_of(&reply) });
        }
        let made = served(&self.state, &self.caller, &request, length, &answer);
        let Made { events, begun, output } = made;
        let whole = events.len();
        let reply = Reply::events(events, 1);
        let (reply, ending) = match answer {
            // Messages are whole, and a long one is a message of its own.
            Answer::Torn { .. } | Answer::Broken(Breakage::LongLine { .. }) => (reply, Ending::Clean),
            _ => spoiled(reply, &answer, &|sent, code, message| failed_event(sent, &begun, code, message)),
        };
        let Content::Events { mut events, .. } = reply.content else { return Ok(turn_of(&reply)) };
        if events.len() == whole && ending == Ending::Clean {
            self.remember(&begun, &request, output);
        }
        // Without headers of its own, a response reports the quota by an event.
        if self.state.backend().shown.quota_headers {
            events.insert(0, quota_event(&self.state, &self.caller, &request));
        }
        let mut turn = Turn { delay, ..Turn::of_events(&events, ending) };
        match answer {
            Answer::Broken(Breakage::LongLine { bytes }) => turn.pad(bytes),
            Answer::Broken(Breakage::EndWithoutTerminalEvent) => turn.closes = true,
            _ => {}
        }
        Ok(turn)
    }

    /// A response that is asked to say nothing.
    fn warm_up(&mut self, request: &Value, length: usize) -> Turn {
        let now = self.state.common.now();
        let asked = Asked {
            request,
            account: self.caller.account,
            length,
            cached: 0,
            serial: self.state.common.traffic.next_serial(),
            created: now.as_millis() / 1000,
        };
        let made = stream::warm_up(&asked);
        self.remember(&made.begun, request, made.output);
        Turn::of_events(&made.events, Ending::Clean)
    }

    fn remember(&mut self, begun: &Value, request: &Value, output: Vec<Value>) {
        let mut items = request["input"].as_array().cloned().unwrap_or_default();
        items.extend(output);
        self.last = Some(Last { id: begun["id"].as_str().unwrap_or_default().to_owned(), items });
    }
}

/// Makes `request` one that stands alone: with the items `before` in front of its own.
fn continue_with(request: &mut Value, mut before: Vec<Value>) {
    let Some(fields) = request.as_object_mut() else { return };
    for name in OWN_FIELDS {
        fields.remove(name);
    }
    // A socket always streams.
    fields.insert("stream".to_owned(), json!(true));
    if let Some(Value::Array(items)) = fields.get_mut("input") {
        before.append(items);
        *items = before;
    }
}

/// A refusal in the form that sockets have.
fn turn_of(reply: &Reply) -> Turn {
    let body = reply.document();
    let error = match &body["detail"] {
        Value::Null => body["error"].clone(),
        Value::String(detail) => {
            json!({ "type": "invalid_request_error", "code": null, "message": detail, "param": null })
        }
        detail => json!({ "type": "invalid_request_error", "code": detail["code"], "message": detail.to_string() }),
    };
    Turn::of_error(reply.status, &reply.headers, &error)
}
