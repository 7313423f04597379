//! The messages of `/v1/responses`: `response.create` makes a response, and what was made before in the same socket can
//! be continued even where it is not stored.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;

use super::super::call::Call;
use super::super::faults::{failed_event, refusal};
use super::super::state::{Api, owner};
use super::super::{errors, responses};
use super::turn_of;
use crate::answer::Answer;
use crate::body::Ending;
use crate::breakage::Breakage;
use crate::faults::{spoiled, timed};
use crate::reply::Reply;
use crate::websocket::Speaker;
use crate::websocket::turn::Turn;

/// The responses of one socket.
pub(super) struct Responses {
    key: String,
    /// What the handshake's answer says of a stream; the first response takes it.
    first: Option<Answer>,
    /// The responses made here.
    made: HashSet<String>,
    api: Arc<Api>,
}

#[derive(Deserialize)]
struct Asked {
    r#type: String,
    generate: Option<bool>,
}

impl Speaker for Responses {
    fn answer(&mut self, text: &str) -> Turn {
        let refused = match serde_json::from_str::<Asked>(text) {
            Ok(asked) if asked.r#type == "response.create" => {
                let answer = if asked.generate == Some(false) { Answer::Normal } else { self.take_answer() };
                let (delay, answer) = timed(answer);
                return Turn { delay: Some(delay), ..self.respond(text.as_bytes(), &answer) };
            }
            // Said by Codex once it has taken a response in; nothing follows.
            Ok(asked) if asked.r#type == "response.processed" => return Turn::default(),
            Ok(asked) => Reply::wrong_type(&asked.r#type),
            Err(_) => errors::not_json(),
        };
        turn_of(&refused, &Answer::Normal, Ending::Clean)
    }
}

impl Responses {
    /// The responses of a socket that `key` opened with `answer`.
    pub(super) fn new(key: &str, answer: Answer, api: Arc<Api>) -> Responses {
        let first = (answer != Answer::Normal).then_some(answer);
        Responses { key: key.to_owned(), first, made: HashSet::new(), api }
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
                answer => spoiled(reply, answer, &|sent, code, message| failed_event(call, sent, code, message)),
            }
        });
        self.made = made;
        let mut turn = turn_of(&reply, answer, ending);
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
        first.or_else(|| self.api.take_answer(&self.key, false)).unwrap_or(Answer::Normal)
    }

    /// What comes instead of a response to `body`, if `answer` lets none come.
    pub(super) fn refused(&self, body: &[u8], answer: &Answer) -> Option<Turn> {
        if let Answer::Broken(breakage) = answer
            && !breakage.lets_it_begin()
        {
            return Some(Turn { ending: Some(breakage.ending()), ..Turn::default() });
        }
        let refused = self.call(body, answer, |call| refusal(answer, call, &self.key, self.api.common.now()))?;
        Some(turn_of(&refused, answer, Ending::Clean))
    }

    /// Asks `make` for something with the call that the message `body` is.
    pub(super) fn call<T>(&self, body: &[u8], answer: &Answer, make: impl FnOnce(&Call) -> T) -> T {
        let text = self.api.common.text();
        let mut call = Call {
            method: "POST",
            path: "/v1/responses",
            streams: false,
            body,
            owner: owner(&self.key),
            serial: self.api.common.traffic.next_serial(),
            created: self.api.common.now().as_millis() / 1000,
            text: &text,
            tool: None,
        };
        call.say(answer);
        make(&call)
    }
}
