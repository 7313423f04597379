//! The upstream, in a process of its own: it replays bytes, because making each answer would cost more than forwarding it,
//! and streams events that carry the time they were sent at.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::framing::{self, Body};
use super::request;
use super::stamp;
use super::system;

/// The key of every account.
pub const KEY: &str = "sk-bench-0123456789abcdef0123456789";
/// How long the account at its limit asks to be left alone.
pub const LIMITED_FOR: Duration = Duration::from_millis(2);
/// How long the slow one thinks.
pub const THINKS: Duration = Duration::from_millis(5);

/// The process and its ports; dropping it ends it.
pub struct Upstream {
    /// Ends when its stdin does.
    child: Child,
    /// Replays and streams.
    pub free: SocketAddr,
    /// Answers 429.
    pub limited: SocketAddr,
    /// Replays after some milliseconds.
    pub slow: SocketAddr,
}

impl Upstream {
    /// Starts this program again with the argument `upstream`.
    pub fn spawn() -> io::Result<Upstream> {
        let mut command = system::program(std::env::current_exe()?);
        let mut child = command.arg("upstream").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped above")).read_line(&mut line)?;
        let ports: Value = serde_json::from_str(&line)?;
        let port = |name: &str| ports[name].as_str().unwrap_or_default().parse().map_err(io::Error::other);
        let (free, limited, slow) = (port("free")?, port("limited")?, port("slow")?);
        Ok(Upstream { child, free, limited, slow })
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the process does until its stdin ends.
pub fn serve() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let [free, limited] = [(); 2].map(|()| runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))));
    let (free, limited) = (free?, limited?);
    let slow = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = |address: io::Result<SocketAddr>| address.map(|address| address.to_string());
    let ports = json!({
        "free": address(free.local_addr())?, "limited": address(limited.local_addr())?,
        "slow": address(slow.local_addr())?,
    });
    writeln!(io::stdout(), "{ports}")?;
    std::thread::spawn(move || {
        runtime.block_on(async { tokio::join!(accept(free, well()), accept(limited, at_its_limit())) });
    });
    std::thread::spawn(move || {
        while let Ok((socket, _)) = slow.accept() {
            // A thread sleeps to some microseconds; the timers of tokio to a millisecond.
            std::thread::spawn(move || answer_slowly(socket));
        }
    });
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// The headers of an answer of OpenAI.
fn message(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ndate: Mon, 05 Oct 2026 09:00:00 GMT\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\naccess-control-expose-headers: X-Request-ID\r\nopenai-organization: bench\r\n\
         openai-processing-ms: 412\r\nopenai-version: 2020-10-01\r\nx-ratelimit-limit-requests: 10000\r\n\
         x-ratelimit-limit-tokens: 2000000\r\nx-ratelimit-remaining-requests: 9999\r\n\
         x-ratelimit-remaining-tokens: 1999000\r\nx-ratelimit-reset-requests: 6ms\r\nx-ratelimit-reset-tokens: 30ms\r\n\
         x-request-id: req_0123456789abcdef0123456789abcdef\r\n{headers}server: bench\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A chat completion of 1 KB.
fn well() -> Vec<u8> {
    let body = |content: &str| {
        json!({
            "id": "chatcmpl-bench", "object": "chat.completion", "created": 1_790_000_000, "model": "gpt-5.4",
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": content }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 220, "completion_tokens": 160, "total_tokens": 380 },
        })
        .to_string()
    };
    let padding = request::BODY_BYTES.saturating_sub(body("").len());
    message("200 OK", "", &body(&"x".repeat(padding)))
}

fn at_its_limit() -> Vec<u8> {
    let wait = LIMITED_FOR.as_millis();
    let text = format!(
        "Rate limit reached for gpt-5.4 in organization bench on tokens per min. Please try again in {wait}ms."
    );
    let error = json!({ "message": text, "type": "tokens", "param": null, "code": "rate_limit_exceeded" });
    let headers = format!("retry-after-ms: {wait}\r\nretry-after: 1\r\n");
    message("429 Too Many Requests", &headers, &json!({ "error": error }).to_string())
}

async fn accept(listener: TcpListener, answer: Vec<u8>) {
    let answer: Arc<[u8]> = answer.into();
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(connection(socket, Arc::clone(&answer)));
    }
}

async fn connection(mut socket: TcpStream, answer: Arc<[u8]>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = BytesMut::with_capacity(16 * 1024);
    loop {
        while let Some(length) = request_length(&buffer)? {
            // The whole answers go out without a look at the JSON.
            let body = framing::find(&buffer[..length], br#"{"model":"gpt-5.4","stream":true"#);
            let pace = body.and_then(|at| request::pace(&buffer[at..length]));
            buffer.advance(length);
            match pace {
                Some(pace) => stream(&mut socket, pace).await?,
                None => socket.write_all(&answer).await?,
            }
        }
        buffer.reserve(4096);
        if socket.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    }
}

/// How long the first request in `bytes` is, once all of it is there.
fn request_length(bytes: &[u8]) -> io::Result<Option<usize>> {
    match framing::head(bytes) {
        Some(framing::Head { length, body: Body::Length(body) }) => {
            Ok(Some(length + body).filter(|&length| bytes.len() >= length))
        }
        Some(_) => Err(io::Error::other("a request in chunks; every proxy here keeps the length")),
        None => Ok(None),
    }
}

fn answer_slowly(mut socket: std::net::TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let answer = well();
    let mut buffer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        while let Some(length) = request_length(&buffer)? {
            buffer.drain(..length);
            std::thread::sleep(THINKS);
            socket.write_all(&answer)?;
        }
        match socket.read(&mut piece)? {
            0 => return Ok(()),
            read => buffer.extend_from_slice(&piece[..read]),
        }
    }
}

async fn stream(socket: &mut TcpStream, pace: request::Pace) -> io::Result<()> {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";
    socket.write_all(head.as_bytes()).await?;
    for _ in 0..pace.events {
        if pace.pause_micros > 0 {
            tokio::time::sleep(Duration::from_micros(u64::from(pace.pause_micros))).await;
        }
        socket.write_all(&chunk(&stamp::event())).await?;
    }
    let usage = json!({ "choices": [], "usage": { "prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18 } });
    socket.write_all(&chunk(&format!("data: {usage}\n\n"))).await?;
    socket.write_all(&[&chunk("data: [DONE]\n\n")[..], b"0\r\n\r\n"].concat()).await
}

fn chunk(event: &str) -> Vec<u8> {
    format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()
}
