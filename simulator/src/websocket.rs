//! The WebSockets of the simulated servers: the handshake, and a session that answers one message after another.
//!
//! Pings are answered, and a message waits until the one before it is answered.

#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod turn;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::Method;
use hyper::http::request::Parts;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::time::Sleep;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::body::Ending;
use super::connection::{Outgoing, Running};
use super::record::Watch;
use super::reply::Reply;
use super::traffic::Traffic;
use turn::Turn;

/// What a server appends to the client's key before it hashes it (RFC 6455, section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A handshake that can be accepted.
pub struct Handshake {
    accept: String,
}

impl Handshake {
    /// The handshake of a request; `None` when it is none.
    pub(crate) fn of(head: &Parts) -> Option<Handshake> {
        let is_handshake = head.method == Method::GET
            && names(head, "connection", "upgrade")
            && names(head, "upgrade", "websocket")
            && head.headers.get("sec-websocket-version").is_some_and(|version| version == "13");
        let key = head.headers.get("sec-websocket-key")?.to_str().ok().filter(|_| is_handshake)?;
        Some(Handshake { accept: accept(key) })
    }

    /// The answer that opens the socket.
    pub(crate) fn reply(&self) -> Reply {
        let mut reply = Reply::whole(101, "", Bytes::new());
        reply.headers.clear();
        reply.with("connection", "Upgrade").with("upgrade", "websocket").with("sec-websocket-accept", &self.accept)
    }
}

/// Whether the list in the header `name` contains `word`.
pub(crate) fn names(head: &Parts, name: &str, word: &str) -> bool {
    let value = head.headers.get(name).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.split(',').any(|each| each.trim().eq_ignore_ascii_case(word)))
}

/// The proof that the client's key was read.
fn accept(key: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes());
    BASE64.encode(digest)
}

/// What answers the messages of one socket.
pub trait Speaker: Send {
    /// What is sent before any message arrives.
    fn greeting(&mut self) -> Turn {
        Turn::default()
    }

    /// What the message `text` is answered with.
    fn answer(&mut self, text: &str) -> Turn;
}

/// What goes out where `reply` opens a socket in which `speaker` answers.
pub(crate) fn opened(reply: Reply, speaker: Box<dyn Speaker>) -> Outgoing {
    Outgoing::Socket(
        reply,
        Box::new(|upgrade, traffic, watch| Box::pin(Session::new(upgrade, speaker, traffic, watch).run())),
    )
}

/// Where the session of a connection waits until the answer that opens it is out.
#[derive(Clone, Default)]
pub(crate) struct Slot(Arc<Mutex<Option<Running<'static>>>>);

impl Slot {
    /// Keeps `session` for when the connection is upgraded.
    pub(crate) fn put(&self, session: Running<'static>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
    }

    /// Runs the session that was put, if one was.
    pub(crate) async fn run(self) {
        let session = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(session) = session {
            session.await;
        }
    }
}

/// A socket that is open, or will be once the handshake's answer is out.
struct Session {
    upgrade: OnUpgrade,
    speaker: Box<dyn Speaker>,
    traffic: Arc<Traffic>,
    watch: Watch,
    /// Messages that wait for the response before them.
    waiting: VecDeque<String>,
    turn: Turn,
    pause: Option<Pin<Box<Sleep>>>,
}

/// How a socket goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    More,
    Over,
}

impl Session {
    /// The session in which `speaker` answers.
    fn new(upgrade: OnUpgrade, mut speaker: Box<dyn Speaker>, traffic: Arc<Traffic>, watch: Watch) -> Session {
        let turn = speaker.greeting();
        Session { upgrade, speaker, traffic, watch, waiting: VecDeque::new(), turn, pause: None }
    }

    /// Speaks until one of the two has enough.
    async fn run(mut self) {
        let Ok(upgraded) = (&mut self.upgrade).await else { return };
        let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        while self.step(&mut socket).await == Next::More {}
    }

    async fn step(&mut self, socket: &mut WebSocketStream<TokioIo<Upgraded>>) -> Next {
        if self.turn.is_over()
            && let Some(text) = self.waiting.pop_front()
        {
            self.turn = self.speaker.answer(&text);
            self.pause = self.turn.delay.take().map(|delay| Box::pin(tokio::time::sleep(delay)));
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
            let pause = self.traffic.stream_pause();
            self.pause = (!pause.is_zero()).then(|| Box::pin(tokio::time::sleep(pause)));
            return Next::More;
        }
        match self.turn.ending.take() {
            None | Some(Ending::Clean) => {}
            Some(Ending::Cut) => {
                self.watch.cut();
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
                self.watch.completed();
                Next::More
            }
            Some(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_)) => Next::More,
            None => Next::Over,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::accept;

    #[test]
    fn the_key_is_proved_to_be_read_as_in_the_standard() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
