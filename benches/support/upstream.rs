//! The upstream, in a process of its own. One port replays an answer of the simulated OpenAI, because making each anew
//! would cost more than forwarding it, and streams events that carry the time they were sent at. Two more ports are the
//! simulated OpenAI itself: one always at its limit, one not.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use codex_account_manager::env;
use serde_json::{Value, json};
use simulated_openai::api::{Answer, LimitKind, SimulatedOpenAi, Wait};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::framing::{self, Body};
use super::request;
use super::stamp;

/// The key of every account.
pub const KEY: &str = "sk-bench-0123456789abcdef0123456789";
/// How long the account at its limit asks to be left alone.
pub const LIMITED_FOR: Duration = Duration::from_millis(2);

/// The process and its ports; dropping it ends it.
pub struct Upstream {
    /// Ends when its stdin does.
    child: Child,
    /// Replays and streams.
    pub replay: SocketAddr,
    /// Answers 429.
    pub limited: SocketAddr,
    /// Answers.
    pub free: SocketAddr,
}

impl Upstream {
    /// Starts this program again with the argument `upstream`.
    pub fn spawn() -> io::Result<Upstream> {
        let mut command = env::program(std::env::current_exe()?);
        let mut child = command.arg("upstream").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped above")).read_line(&mut line)?;
        let ports: Value = serde_json::from_str(&line)?;
        let port = |name: &str| ports[name].as_str().unwrap_or_default().parse().map_err(io::Error::other);
        let (replay, limited, free) = (port("replay")?, port("limited")?, port("free")?);
        Ok(Upstream { child, replay, limited, free })
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
    let limited = SimulatedOpenAi::start_on_thread()?;
    limited
        .always(KEY, Some(Answer::RateLimit { retry_after: Wait::RetryAfterMs(LIMITED_FOR), kind: LimitKind::Tokens }));
    limited.traffic().set_recording(false);
    let free = SimulatedOpenAi::start_on_thread()?;
    free.add_key(KEY);
    free.add_key(&format!("{KEY}0"));
    free.traffic().set_recording(false);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let address = |server: &SimulatedOpenAi| server.base_url().replace("http://", "");
    let answer: Arc<[u8]> = sample(address(&free).parse().map_err(io::Error::other)?)?.into();
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let ports = json!({
        "replay": listener.local_addr()?.to_string(), "limited": address(&limited), "free": address(&free),
    });
    writeln!(io::stdout(), "{ports}")?;
    std::thread::spawn(move || {
        runtime.block_on(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(connection(socket, Arc::clone(&answer)));
            }
        });
    });
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// One whole answer of the simulated OpenAI, head and all.
fn sample(address: SocketAddr) -> io::Result<Vec<u8>> {
    let mut socket = std::net::TcpStream::connect(address)?;
    socket.write_all(&request::whole(address, KEY))?;
    let mut answer = vec![0; 64 * 1024];
    let mut read = 0;
    loop {
        read += socket.read(&mut answer[read..])?;
        if let Some(framing::Head { length, body: Body::Length(body) }) = framing::head(&answer[..read])
            && read >= length + body
        {
            answer.truncate(read);
            return Ok(answer);
        }
    }
}

async fn connection(mut socket: TcpStream, answer: Arc<[u8]>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = BytesMut::with_capacity(16 * 1024);
    loop {
        while let Some(head) = framing::head(&buffer) {
            let Body::Length(length) = head.body else {
                return Err(io::Error::other("a request in chunks; every proxy here keeps the length"));
            };
            if buffer.len() < head.length + length {
                break;
            }
            let body = &buffer[head.length..head.length + length];
            // The whole answers go out without a look at the JSON.
            let pace =
                if body.starts_with(br#"{"model":"gpt-5.4","stream":true"#) { request::pace(body) } else { None };
            buffer.advance(head.length + length);
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
