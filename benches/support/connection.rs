//! One keep-alive connection of the load generator.

use std::io;
use std::net::SocketAddr;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::framing::{self, Body};

/// A client that asks, reads the whole answer, and asks again.
pub struct Connection {
    socket: TcpStream,
    buffer: BytesMut,
    head: Bytes,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Connection> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Connection { socket, buffer: BytesMut::with_capacity(16 * 1024), head: Bytes::new() })
    }

    /// Sends `request`, reads the answer and tells its status.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        self.ask_stream(request, |_| {}).await
    }

    /// The same, with each piece of the answer's body handed to `piece` as soon as it is there.
    pub async fn ask_stream(&mut self, request: &[u8], mut piece: impl FnMut(&[u8])) -> io::Result<u16> {
        self.socket.write_all(request).await?;
        let head = loop {
            self.read().await?;
            if let Some(head) = framing::head(&self.buffer) {
                break head;
            }
        };
        self.head = self.buffer.split_to(head.length).freeze();
        match head.body {
            Body::Length(length) => {
                while self.buffer.len() < length {
                    self.read().await?;
                }
                piece(&self.buffer[..length]);
                self.buffer.advance(length);
            }
            Body::Chunked => loop {
                match next_chunk(&mut self.buffer)? {
                    Some(chunk) if chunk.is_empty() => break,
                    Some(chunk) => piece(&chunk),
                    None => self.read().await?,
                }
            },
        }
        Ok(self
            .head
            .get(9..12)
            .map_or(0, |digits| digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit & 15))))
    }

    /// The header `name`, in lower case, of the last answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = std::str::from_utf8(&self.head).ok()?;
        head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    async fn read(&mut self) -> io::Result<()> {
        self.buffer.reserve(4096);
        match self.socket.read_buf(&mut self.buffer).await? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "cut before the answer was whole")),
            _ => Ok(()),
        }
    }
}

/// Takes the next chunk off `bytes`, or `None` when it is not whole yet; an empty one is the last.
fn next_chunk(bytes: &mut BytesMut) -> io::Result<Option<Bytes>> {
    let Some(line) = framing::find(bytes, b"\r\n") else { return Ok(None) };
    let digits = std::str::from_utf8(&bytes[..line]).map_err(io::Error::other)?;
    let size = usize::from_str_radix(digits, 16).map_err(io::Error::other)?;
    if bytes.len() < line + 2 + size + 2 {
        return Ok(None);
    }
    bytes.advance(line + 2);
    let chunk = bytes.split_to(size).freeze();
    bytes.advance(2);
    Ok(Some(chunk))
}
