//! The messages of `/v1/responses`: `response.create` makes a response, and what was made before in the same socket can
//! be continued even where it is not stored.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;

use super::super::answer::Answer;
use super::super::faults::{refusal, spoiled};
use super::super::reply::Call;
use super::super::state::{State, owner};
use super::super::{errors, responses};
use super::turn_of;
use crate::body::Ending;
use crate::breakage::Breakage;
use crate::clock::Clock;
use crate::websocket::Speaker;
use crate::websocket::turn::Turn;

/// The responses of one socket.
pub(super) struct Responses {
    key: String,
    /// What the handshake's answer says of a stream; the first response takes it.
    first: Option<Answer>,
    /// The responses made here.
    made: HashSet<String>,
    state: Arc<State>,
    clock: Clock,
}

#[derive(Deserialize)]
struct Asked {
    r#type: String,
    #[serde(default)]
    generate: Option<bool>,
}

impl Speaker for Responses {
    fn answer(&mut self, text: &str) -> Turn {
        let refused = match serde_json::from_str::<Asked>(text) {
            Ok(asked) if asked.r#type == "response.create" => {
                let answer = if asked.generate == Some(false) { Answer::Normal } else { self.take_answer() };
                return self.respond(text.as_bytes(), &answer);
            }
            // Said by Codex once it has taken a response in; nothing follows.
            Ok(asked) if asked.r#type == "response.processed" => return Turn::default(),
            Ok(asked) => {
                let message = format!("Invalid value: '{}'. Supported values are: 'response.create'.", asked.r#type);
                errors::invalid(Some("invalid_value"), Some("type"), &message)
            }
            Err(_) => errors::not_json(),
        };
        turn_of(&refused, Ending::Clean)
    }
}

impl Responses {
    /// The responses of a socket that `key` opened with `answer`.
    pub(super) fn new(key: &str, answer: Answer, state: Arc<State>, clock: Clock) -> Responses {
        let speaks_of_a_stream = !matches!(answer, Answer::Normal | Answer::Slow(_));
        let first = speaks_of_a_stream.then_some(answer);
        Responses { key: key.to_owned(), first, made: HashSet::new(), state, clock }
    }

    fn respond(&mut self, body: &[u8], answer: &Answer) -> Turn {
        if let Some(turn) = self.refused(body, answer) {
            return turn;
        }
        let mut made = std::mem::take(&mut self.made);
        let (reply, ending) = self.call(body, answer, |call| {
            let reply = responses::create_in_socket(call, &mut made);
            match answer {
                // In a socket it is a message of its own.
                Answer::Broken(Breakage::LongLine { .. }) => (reply, Ending::Clean),
                answer => spoiled(reply, answer, call),
            }
        });
        self.made = made;
        let mut turn = turn_of(&reply, ending);
        match answer {
            Answer::Broken(Breakage::LongLine { bytes }) => turn.pad(*bytes),
            Answer::Broken(Breakage::EndWithoutTerminalEvent) => turn.closes = true,
            _ => {}
        }
        turn
    }

    /// The answer that the next response takes.
    pub(super) fn take_answer(&mut self) -> Answer {
        let first = self.first.take();
        first.or_else(|| self.state.take_answer(&self.key, false)).unwrap_or(Answer::Normal)
    }

    /// What comes instead of a response to `body`, if `answer` lets none come.
    pub(super) fn refused(&self, body: &[u8], answer: &Answer) -> Option<Turn> {
        if let Answer::Broken(breakage) = answer
            && !breakage.lets_it_begin()
        {
            return Some(Turn { ending: Some(breakage.ending()), ..Turn::default() });
        }
        let refused = self.call(body, answer, |call| refusal(answer, call, &self.key, self.clock.now()))?;
        Some(turn_of(&refused, Ending::Clean))
    }

    /// Asks `make` for something with the call that the message `body` is.
    pub(super) fn call<T>(&self, body: &[u8], answer: &Answer, make: impl FnOnce(&Call) -> T) -> T {
        let text = self.state.text();
        make(&Call {
            method: "POST",
            path: "/v1/responses",
            streams: false,
            body,
            owner: owner(&self.key),
            serial: self.state.traffic.next_serial(),
            created: self.clock.now().as_millis() / 1000,
            text: if let Answer::Say(text) = answer { text } else { &text },
            tool: if let Answer::CallTool(tool) = answer { Some(tool) } else { None },
        })
    }
}
