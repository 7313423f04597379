//! How a request of the API is answered: its key is due an answer, and the endpoint gives what that does not refuse.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use hyper::http::request::Parts;

use super::call::Call;
#[cfg(feature = "scripting")]
use super::faults::{failed_event, refusal};
#[cfg(not(feature = "scripting"))]
use super::responses;
#[cfg(feature = "scripting")]
use super::routes;
use super::state::{Api, owner};
#[cfg(feature = "scripting")]
use super::websocket::Opening;
use super::{errors, headers};
use crate::answer::Answer;
use crate::common::Common;
use crate::connection::{Face, Outgoing, bearer};
#[cfg(feature = "scripting")]
use crate::faults::{awaited, spoiled};
#[cfg(not(feature = "scripting"))]
use crate::reply::Reply;

impl Face for Api {
    const NAME: &'static str = "simulated-openai";
    const TEXT: &'static str = super::DEFAULT_TEXT;

    fn new(common: Common) -> Api {
        Api::new(common)
    }

    fn common(&self) -> &Common {
        &self.common
    }

    async fn answer(api: &Arc<Api>, head: &Parts, body: &Bytes) -> io::Result<Outgoing> {
        let common = &api.common;
        let text = common.text();
        let now = common.now();
        let key = bearer(head);
        let call = Call {
            method: head.method.as_str(),
            path: head.uri.path(),
            #[cfg(feature = "scripting")]
            streams: head.uri.query().is_some_and(|query| query.split('&').any(|part| part == "stream=true")),
            body,
            owner: key.map_or(0, owner),
            serial: common.traffic.next_serial(),
            created: now.as_millis() / 1000,
            text: &text,
            #[cfg(feature = "scripting")]
            tool: None,
        };
        let Some(key) = key else {
            return Ok(headers::around(errors::no_key(), &call).into());
        };
        let due = || api.take_answer(key);
        #[cfg(feature = "scripting")]
        let due = || {
            let lists = call.method == "GET" && call.path == "/v1/models";
            if lists { api.spared_listing(key).or_else(due) } else { due() }
        };
        let Some(answer) = due() else {
            return Ok(headers::around(errors::invalid_key(key), &call).into());
        };
        answered(api, head, call, key, answer).await
    }
}

/// What the key of `call` is due.
#[cfg(not(feature = "scripting"))]
async fn answered(api: &Arc<Api>, _: &Parts, call: Call<'_>, _: &str, answer: Answer) -> io::Result<Outgoing> {
    let reply = match (answer, call.method, call.path) {
        (Answer::RateLimit { retry_after, kind }, ..) => errors::rate_limit(&call, retry_after, kind, api.common.now()),
        (Answer::Overloaded, ..) => Reply::overloaded(),
        (Answer::Normal | Answer::UsageLimit { .. }, "POST", "/v1/responses") => responses::create(&call),
        (Answer::Normal | Answer::UsageLimit { .. }, ..) => errors::unknown_path(&call),
    };
    Ok(headers::around(reply, &call).into())
}

/// What the key of `call` is due, which may open a socket.
#[cfg(feature = "scripting")]
async fn answered(api: &Arc<Api>, head: &Parts, mut call: Call<'_>, key: &str, answer: Answer) -> io::Result<Outgoing> {
    let answer = awaited(answer).await?;
    if let Some(opening) = Opening::of(head).filter(|_| lets_a_socket_open(&answer)) {
        let reply = headers::around(opening.reply(), &call);
        let speaker = opening.speaker(key, answer, Arc::clone(api));
        return Ok(Outgoing::Socket(reply, opening.handshake, speaker));
    }
    call.say(&answer);
    let reply = refusal(&answer, &call, key, api.common.now()).unwrap_or_else(|| routes::reply(&call, &head.headers));
    let (reply, ending) = spoiled(reply, &answer, |sent, code, message| failed_event(&call, sent, code, message));
    let is_bare = matches!(answer, Answer::Raw { .. });
    Ok(Outgoing::Reply(if is_bare { reply } else { headers::around(reply, &call) }, ending))
}

/// Whether a WebSocket is opened with this answer. What it says of a stream then holds for the first response in the
/// socket; every later one takes an answer of its own, and one that refuses comes as an `error` event.
#[cfg(feature = "scripting")]
fn lets_a_socket_open(answer: &Answer) -> bool {
    match answer {
        Answer::Broken(breakage) => breakage.lets_it_begin(),
        Answer::Normal | Answer::Say(_) | Answer::CallTools(_) | Answer::FailInStream { .. } => true,
        _ => false,
    }
}
