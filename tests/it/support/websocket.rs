//! A blocking WebSocket client of few words: it can say anything in any frames, and leave halfway.

use std::io::{Error, ErrorKind, Result};

use serde_json::Value;

use super::Sidecar;
use super::http::{Connection, Head};

/// The key of the standard's own example, and what proves that a server read it.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A text in one frame.
pub const TEXT: u8 = 0x81;
/// A ping.
pub const PING: u8 = 0x89;
/// A close.
pub const CLOSE: u8 = 0x88;

/// A socket that is open.
pub struct WebSocket {
    connection: Connection,
    /// The answer that opened it.
    pub head: Head,
}

/// A message or a control frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Text(String),
    Pong(Vec<u8>),
    Close,
}

impl WebSocket {
    /// Opens a socket through the proxy of `sidecar`.
    #[track_caller]
    pub fn open(sidecar: &Sidecar, target: &str) -> WebSocket {
        WebSocket::open_at((sidecar.port(), sidecar.api_key()), target)
    }

    /// The same through the proxy on a port, with a key of it.
    #[track_caller]
    pub fn open_at(door: (u16, &str), target: &str) -> WebSocket {
        let (head, connection) = handshake_at(door, target, &[]);
        assert_eq!(head.status, 101, "{head:?}");
        assert_eq!(head.header("sec-websocket-accept"), Some(ACCEPT));
        assert_eq!(head.header("sec-websocket-extensions"), None);
        WebSocket { connection, head }
    }

    /// Sends a frame with this first byte.
    pub fn frame(&mut self, first: u8, payload: &[u8]) -> Result<()> {
        let mask = [7, 0, 255, 129];
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
            length @ 126..0x1_0000 => {
                frame.push(0x80 | 0x7e);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            length => {
                frame.push(0x80 | 0x7f);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend(mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.connection.send(&frame)
    }

    /// Says something.
    #[track_caller]
    pub fn say(&mut self, message: &Value) {
        self.frame(TEXT, message.to_string().as_bytes()).unwrap();
    }

    /// The next message; pieces are put together. An end without a close is an error.
    pub fn next(&mut self) -> Result<Message> {
        let mut text = Vec::new();
        loop {
            let (first, payload) = self.read_frame()?;
            match first {
                0x01 | 0x00 => text.extend(payload),
                0x80 | 0x81 => {
                    text.extend(payload);
                    let text = String::from_utf8(text).map_err(|_| broken("a text that is none"))?;
                    return Ok(Message::Text(text));
                }
                0x88 => return Ok(Message::Close),
                0x8a => return Ok(Message::Pong(payload)),
                other => return Err(broken(&format!("a frame that begins with {other:#x}"))),
            }
        }
    }

    /// The next event.
    pub fn event(&mut self) -> Result<Value> {
        match self.next()? {
            Message::Text(text) => serde_json::from_str(&text).map_err(|_| broken(&text)),
            other => Err(broken(&format!("{other:?}"))),
        }
    }

    /// The events up to the one that ends a response.
    #[track_caller]
    pub fn response(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            events.push(self.event().unwrap_or_else(|error| panic!("{error} after {events:?}")));
            let kind = events.last().and_then(|event| event["type"].as_str()).unwrap();
            if matches!(kind, "response.completed" | "response.failed" | "response.done" | "error") {
                return events;
            }
        }
    }

    fn read_frame(&mut self) -> Result<(u8, Vec<u8>)> {
        let head = self.connection.bytes(2)?;
        let extended = match head[1] {
            0..126 => return Ok((head[0], self.connection.bytes(head[1].into())?)),
            126 => self.connection.bytes(2)?,
            127 => self.connection.bytes(8)?,
            _ => return Err(broken("a server that masks")),
        };
        let length = extended.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        Ok((head[0], self.connection.bytes(length)?))
    }
}

/// Sends a handshake with these headers beside or in place of the usual ones; an empty one leaves the usual one out.
#[track_caller]
pub fn handshake(sidecar: &Sidecar, target: &str, headers: &[(&str, &str)]) -> (Head, Connection) {
    handshake_at((sidecar.port(), sidecar.api_key()), target, headers)
}

/// The same to the proxy on a port, with a key of it.
#[track_caller]
pub fn handshake_at((port, key): (u16, &str), target: &str, headers: &[(&str, &str)]) -> (Head, Connection) {
    let bearer = format!("Bearer {key}");
    let usual = [
        ("authorization", bearer.as_str()),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", KEY),
        ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
        ("openai-beta", "responses_websockets=2026-02-06"),
    ];
    let kept = usual.iter().filter(|(name, _)| !headers.iter().any(|(changed, _)| changed == name));
    let all: Vec<(&str, &str)> = kept.chain(headers).copied().filter(|(_, value)| !value.is_empty()).collect();
    let mut connection = Connection::open(port);
    connection.request("GET", target, &all, b"");
    let head = connection.head().unwrap_or_else(|error| panic!("{target} was not answered: {error}"));
    (head, connection)
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("not what was expected: `{what}`"))
}
