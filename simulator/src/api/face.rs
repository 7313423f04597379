//! How a request of the API is answered: its key is due an answer, and the endpoint gives what that does not refuse.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::header::HeaderMap;
use hyper::http::request::Parts;

use super::call::Call;
use super::faults::{failed_event, refusal};
use super::state::{Api, owner};
use super::websocket::Opening;
use super::{errors, headers, routes};
use crate::answer::Answer;
use crate::common::Common;
use crate::connection::{Face, Outgoing, bearer};
use crate::faults::awaited;
use crate::reply::Reply;
use crate::websocket::opened;

/// What it answers.
#[derive(Clone, Copy)]
pub struct Doors {
    /// The normal answer to a call.
    reply: fn(&Call, &HeaderMap) -> Reply,
    /// The socket that a request of this key opens, if it does.
    socket: fn(&Arc<Api>, &Parts, &Call, &str, &Answer) -> Option<Outgoing>,
}

impl Face for Api {
    const NAME: &'static str = "simulated-openai";
    const TEXT: &'static str = super::DEFAULT_TEXT;

    type Doors = Doors;
    const ALL: Doors = Doors { reply: routes::reply, socket };
    const BASIC: Doors = Doors { reply: routes::responses, socket: |_, _, _, _, _| None };

    fn new(common: Common, doors: Doors) -> Api {
        Api { keys: Mutex::default(), spares_listings: AtomicBool::new(false), common, doors }
    }

    fn common(&self) -> &Common {
        &self.common
    }

    async fn answer(api: &Arc<Api>, head: &Parts, body: &Bytes) -> io::Result<Outgoing> {
        let common = &api.common;
        let text = common.text();
        let now = common.now();
        let key = bearer(head);
        let mut call = Call {
            method: head.method.as_str(),
            path: head.uri.path(),
            streams: head.uri.query().is_some_and(|query| query.split('&').any(|part| part == "stream=true")),
            body,
            owner: key.map_or(0, owner),
            serial: common.traffic.next_serial(),
            created: now.as_millis() / 1000,
            text: &text,
            tool: None,
        };
        let Some(key) = key else {
            return Ok(headers::around(errors::no_key(), &call).into());
        };
        let is_listing = call.method == "GET" && call.path == "/v1/models";
        let Some(answer) = api.take_answer(key, is_listing) else {
            return Ok(headers::around(errors::invalid_key(key), &call).into());
        };
        let answer = awaited(answer).await?;
        if let Some(opened) = (api.doors.socket)(api, head, &call, key, &answer) {
            return Ok(opened);
        }
        call.say(&answer);
        let reply =
            refusal(&answer, &call, key, common.now()).unwrap_or_else(|| (api.doors.reply)(&call, &head.headers));
        let (reply, ending) =
            (common.extras.spoiled)(reply, &answer, &|sent, code, message| failed_event(&call, sent, code, message));
        let is_bare = matches!(answer, Answer::Raw { .. });
        Ok(Outgoing::Reply(if is_bare { reply } else { headers::around(reply, &call) }, ending))
    }
}

/// The WebSocket that a request opens with this answer, if it does.
fn socket(api: &Arc<Api>, head: &Parts, call: &Call, key: &str, answer: &Answer) -> Option<Outgoing> {
    let opening = Opening::of(head).filter(|_| lets_a_socket_open(answer))?;
    let reply = headers::around(opening.reply(), call);
    Some(opened(reply, opening.speaker(key, answer.clone(), Arc::clone(api))))
}

/// Whether a WebSocket is opened with this answer. What it says of a stream then holds for the first response in the
/// socket; every later one takes an answer of its own, and one that refuses comes as an `error` event.
fn lets_a_socket_open(answer: &Answer) -> bool {
    match answer {
        Answer::Broken(breakage) => breakage.lets_it_begin(),
        Answer::Normal | Answer::Say(_) | Answer::CallTools(_) | Answer::FailInStream { .. } => true,
        _ => false,
    }
}
