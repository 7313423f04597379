//! Upstreams that ask for memory: one that takes requests and never answers, and ones whose answers never end.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::framing::{self, Body};

/// What a request gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Nothing, for ever.
    Nothing,
    /// One item of an output after another, a megabyte each, for ever.
    Items,
    /// One line that never ends.
    Line,
}

/// Listens until the runtime ends.
pub async fn serve(answers: Answers) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let piece: Arc<[u8]> = piece(answers).into();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // Whoever goes away has had enough.
            tokio::spawn(connection(socket, answers, Arc::clone(&piece)));
        }
    });
    Ok(address)
}

fn piece(answers: Answers) -> Vec<u8> {
    let long = "y".repeat(1024 * 1024);
    let text = match answers {
        Answers::Nothing => String::new(),
        Answers::Line => long,
        Answers::Items => {
            let item =
                json!({ "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": long }] });
            let event = json!({ "type": "response.output_item.done", "item": item });
            format!("event: response.output_item.done\ndata: {event}\n\n")
        }
    };
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

async fn connection(mut socket: TcpStream, answers: Answers, piece: Arc<[u8]>) -> io::Result<()> {
    take_request(&mut socket).await?;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    match answers {
        // Until the proxy closes.
        Answers::Nothing => socket.read_u8().await.map(drop),
        Answers::Items | Answers::Line => {
            let start = if answers == Answers::Line { "6\r\ndata: \r\n" } else { "" };
            socket.write_all(format!("{head}{start}").as_bytes()).await?;
            loop {
                socket.write_all(&piece).await?;
            }
        }
    }
}

/// Reads a request without keeping it.
async fn take_request(socket: &mut TcpStream) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(64 * 1024);
    let mut left = loop {
        if socket.read_buf(&mut buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match framing::head(&buffer) {
            Some(framing::Head { length, body: Body::Length(body) }) => {
                break (length + body).saturating_sub(buffer.len());
            }
            Some(_) => return Err(io::Error::other("a request in chunks; the load tells its length")),
            None => {}
        }
    };
    while left > 0 {
        buffer.clear();
        match socket.read_buf(&mut buffer).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => left = left.saturating_sub(read),
        }
    }
    Ok(())
}
