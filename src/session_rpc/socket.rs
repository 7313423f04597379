//! A WebSocket to a session's `/rpc`: open, and where it is wanted subscribed, within two seconds.

use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message, Utf8Bytes};

use super::answer::answer;
use crate::error::{Error, ErrorKind};
use crate::manager::session::alive::RpcAddress;
use crate::protocol::subscription::SUBSCRIBE;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// No message of a session is longer, in bytes.
const LONGEST_MESSAGE: usize = 4 * 1024 * 1024;

/// So much waits for a session that does not read: answers to its pings too, which it may send without end.
const MOST_WAITING: usize = 256 * 1024;

/// No head of an answer is longer, in bytes.
const LONGEST_HEAD: usize = 8 * 1024;

/// What a server appends to the client's key before it hashes it (RFC 6455, section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The subscription's own call; those of people count from 1.
const SUBSCRIPTION: u64 = 0;

/// An open socket.
pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Connects and subscribes.
    ///
    /// # Errors
    ///
    /// `UpstreamFailed` says why in words.
    pub async fn subscribed(address: &RpcAddress) -> Result<Socket, Error> {
        in_time(async {
            let mut socket = connected(address).await?;
            socket.subscribe().await?;
            Ok(socket)
        })
        .await
    }

    /// Connects alone; no notification comes.
    pub(super) async fn connected(address: &RpcAddress) -> Result<Socket, Error> {
        in_time(connected(address)).await
    }

    async fn subscribe(&mut self) -> Result<(), Error> {
        self.call(SUBSCRIPTION, SUBSCRIBE, &json!({})).await?;
        loop {
            match answer(&self.next().await?) {
                Some((SUBSCRIPTION, Ok(_))) => return Ok(()),
                Some((SUBSCRIPTION, Err(refusal))) => {
                    return Err(closed(format!("it reports nothing: {}", refusal.message)));
                }
                _ => {}
            }
        }
    }

    /// The next text; the error says why there is none any more. Nothing is lost when this is dropped.
    pub async fn next(&mut self) -> Result<Utf8Bytes, Error> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(_))) | None => return Err(closed("it closed the connection")),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(broken(error)),
            }
        }
    }

    /// Sends a call.
    pub async fn call(&mut self, id: u64, method: &str, params: &Value) -> Result<(), Error> {
        let text = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string();
        let sent = tokio::time::timeout(PATIENCE, self.0.send(Message::text(text))).await;
        sent.map_err(|_| closed("it does not read its messages"))?.map_err(broken)
    }
}

fn closed(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::UpstreamFailed, why)
}

fn broken(error: WsError) -> Error {
    closed(format!("the connection broke: {error}")).caused_by(error)
}

async fn in_time(opening: impl Future<Output = Result<Socket, Error>>) -> Result<Socket, Error> {
    let late = |_| closed(format!("it does not answer within {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, opening).await.map_err(late)?
}

async fn connected(address: &RpcAddress) -> Result<Socket, Error> {
    open(address).await.map_err(|error| closed(error.to_string()).caused_by(error))
}

async fn open(address: &RpcAddress) -> io::Result<Socket> {
    let mut stream = TcpStream::connect((address.host, address.port)).await?;
    stream.set_nodelay(true)?;
    let further = shake_hands(&mut stream, address).await?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(LONGEST_MESSAGE))
        .max_frame_size(Some(LONGEST_MESSAGE))
        .read_buffer_size(LONGEST_HEAD)
        .write_buffer_size(0)
        .max_write_buffer_size(MOST_WAITING);
    let socket = WebSocketStream::from_partially_read(stream, further, Role::Client, Some(config)).await;
    Ok(Socket(socket))
}

/// Sends the handshake and reads its answer; what came behind it is returned.
async fn shake_hands(stream: &mut TcpStream, address: &RpcAddress) -> io::Result<Vec<u8>> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let key = BASE64.encode(random);
    let host = std::net::SocketAddr::new(address.host, address.port);
    let head = format!(
        "GET /rpc HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n\r\n",
        address.token.expose()
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    loop {
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            let further = answer.split_off(end + 4);
            return agreed(&answer, &key).map(|()| further);
        }
        if answer.len() > LONGEST_HEAD || stream.read_buf(&mut answer).await? == 0 {
            return Err(io::Error::other("the answer is not from a session"));
        }
    }
}

/// Whether the answer with this head opens a WebSocket.
fn agreed(head: &[u8], key: &str) -> io::Result<()> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default().strip_prefix("HTTP/1.1 ").unwrap_or_default();
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes());
    let wanted = BASE64.encode(digest);
    let is_proof = |line: &str| {
        line.split_once(':')
            .is_some_and(|(name, value)| name.eq_ignore_ascii_case("sec-websocket-accept") && value.trim() == wanted)
    };
    match status.get(..3) {
        Some("101") if lines.any(is_proof) => Ok(()),
        Some(number) if number != "101" && number.bytes().all(|digit| digit.is_ascii_digit()) => {
            Err(io::Error::other(format!("it refuses with status {number}")))
        }
        _ => Err(io::Error::other("the answer is not from a session")),
    }
}
