//! The WebSocket on `/v1/responses` and `/v1/realtime`: the handshake, and a session that answers one message after
//! another with the events that a stream over HTTP has, one in each text message.
//!
//! A handshake takes an answer of its key, and so does each response in the socket. Pings are answered, a warm-up
//! takes no answer, and a response waits for the one before it.

mod realtime;
mod responses;
#[cfg(test)]
mod tests;
mod turn;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::{SinkExt, StreamExt};
use hyper::header::{CONNECTION, HeaderMap, HeaderValue, UPGRADE};
use hyper::http::request::Parts;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Method, Response};
use hyper_util::rt::TokioIo;
use tokio::time::Sleep;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::answer::Answer;
use super::headers;
use super::reply::{Call, Content, Reply};
use super::state::State;
use crate::clock::Clock;
use crate::demo::loopback::body::{Ending, ReplyBody};
use crate::demo::loopback::record::{Outcome, Watch};
use responses::Responses;
use turn::Turn;

/// What a server appends to the client's key before it hashes it (RFC 6455, section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Whose messages a socket speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Endpoint {
    Responses,
    Realtime { model: String },
}

/// A handshake that can be accepted.
pub(super) struct Opening {
    endpoint: Endpoint,
    accept: String,
    protocol: Option<&'static str>,
}

impl Opening {
    /// The handshake of a request; `None` when it is none, or leads to no socket.
    pub(super) fn of(head: &Parts) -> Option<Opening> {
        let text = |name: &str| head.headers.get(name)?.to_str().ok();
        let says = |name: &str, word: &str| {
            text(name).is_some_and(|value| value.split(',').any(|each| each.trim().eq_ignore_ascii_case(word)))
        };
        let is_handshake = head.method == Method::GET
            && says("connection", "upgrade")
            && says("upgrade", "websocket")
            && text("sec-websocket-version") == Some("13");
        let key = text("sec-websocket-key").filter(|_| is_handshake)?;
        let query = head.uri.query().unwrap_or_default();
        let endpoint = match head.uri.path() {
            "/v1/responses" => Endpoint::Responses,
            "/v1/realtime" => {
                let model = query.split('&').find_map(|pair| pair.strip_prefix("model="));
                Endpoint::Realtime { model: model.unwrap_or("gpt-realtime").to_owned() }
            }
            _ => return None,
        };
        let protocol = says("sec-websocket-protocol", "realtime").then_some("realtime");
        Some(Opening { endpoint, accept: accept(key), protocol })
    }

    /// The answer that opens the socket.
    pub(super) fn response(&self, call: &Call) -> Response<ReplyBody> {
        let nothing = Content::Whole(bytes::Bytes::new());
        let reply = Reply { status: 101, headers: Vec::new(), content: nothing, metered: false, bare: false };
        let body = ReplyBody::whole(bytes::Bytes::new(), Ending::Clean, Watch::new(None));
        let mut response = body.with_status(reply.status);
        let headers: &mut HeaderMap = response.headers_mut();
        *headers = headers::of(&reply, call);
        headers.remove("content-type");
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        let accept = HeaderValue::from_str(&self.accept).expect("base64 is visible ASCII");
        headers.insert("sec-websocket-accept", accept);
        if let Some(protocol) = self.protocol {
            headers.insert("sec-websocket-protocol", HeaderValue::from_static(protocol));
        }
        response
    }
}

/// The proof that the client's key was read.
fn accept(key: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes());
    BASE64.encode(digest)
}

/// A socket that is open, or will be once the handshake's answer is out.
pub(super) struct Session {
    upgrade: OnUpgrade,
    speaker: Speaker,
    state: Arc<State>,
    watch: Watch,
    /// Messages that wait for the response before them.
    waiting: VecDeque<String>,
    turn: Turn,
    pause: Option<Pin<Box<Sleep>>>,
}

/// What answers the messages.
enum Speaker {
    Responses(Responses),
    Realtime(realtime::Realtime),
}

/// How a socket goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    More,
    Over,
}

impl Session {
    /// The session of `opening`, whose key got `answer`.
    pub(super) fn new(
        upgrade: OnUpgrade,
        opening: &Opening,
        key: &str,
        answer: Answer,
        state: Arc<State>,
        clock: Clock,
        watch: Watch,
    ) -> Session {
        let responses = Responses::new(key, answer, Arc::clone(&state), clock);
        let (speaker, turn) = match &opening.endpoint {
            Endpoint::Responses => (Speaker::Responses(responses), Turn::default()),
            Endpoint::Realtime { model } => {
                let mut realtime = realtime::Realtime::new(responses, model);
                let turn = realtime.greeting();
                (Speaker::Realtime(realtime), turn)
            }
        };
        Session { upgrade, speaker, state, watch, waiting: VecDeque::new(), turn, pause: None }
    }

    /// Speaks until one of the two has enough.
    pub(super) async fn run(mut self) {
        let Ok(upgraded) = (&mut self.upgrade).await else { return };
        let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        while self.step(&mut socket).await == Next::More {}
    }

    async fn step(&mut self, socket: &mut WebSocketStream<TokioIo<Upgraded>>) -> Next {
        if self.turn.is_over()
            && let Some(text) = self.waiting.pop_front()
        {
            self.turn = match &mut self.speaker {
                Speaker::Responses(responses) => responses.turn(&text),
                Speaker::Realtime(realtime) => realtime.turn(&text),
            };
        }
        let pause = &mut self.pause;
        let due = async {
            if let Some(pause) = pause {
                pause.await;
            }
        };
        tokio::select! {
            biased;
            () = due, if self.turn.has_more() => {
                self.pause = None;
                self.send(socket).await
            }
            message = socket.next() => self.take(message.and_then(Result::ok)),
        }
    }

    /// Sends what is next, or ends the response as scripted.
    async fn send(&mut self, socket: &mut WebSocketStream<TokioIo<Upgraded>>) -> Next {
        if let Some(message) = self.turn.messages.pop_front() {
            if socket.send(message).await.is_err() {
                return Next::Over;
            }
            self.watch.event();
            let pause = self.state.traffic.stream_pause();
            self.pause = (!pause.is_zero()).then(|| Box::pin(tokio::time::sleep(pause)));
            return Next::More;
        }
        match self.turn.ending.take() {
            None | Some(Ending::Clean) => {}
            Some(Ending::Cut) => {
                self.watch.end(Outcome::Cut);
                return Next::Over;
            }
            Some(Ending::Hang) => self.turn.hangs = true,
        }
        if std::mem::take(&mut self.turn.closes) && socket.close(None).await.is_err() {
            return Next::Over;
        }
        Next::More
    }

    /// Takes what the client sent; `None` is the end.
    fn take(&mut self, message: Option<Message>) -> Next {
        match message {
            Some(Message::Text(text)) => {
                self.watch.message(&text);
                self.waiting.push_back(text.to_string());
                Next::More
            }
            // Its answer is on its way already; the next look finds the end.
            Some(Message::Close(_)) => {
                self.watch.end(Outcome::Completed);
                Next::More
            }
            Some(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_)) => Next::More,
            None => Next::Over,
        }
    }
}
