//! The other end of HTTP/2, by hand: a test decides on every frame (RFC 9113, section 4).

use std::sync::Arc;

use simulated_openai::Secure;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:status: 200` in the static table of RFC 7541.
const OK: [u8; 1] = [0x88];

pub const NO_ERROR: u32 = 0;
pub const INTERNAL_ERROR: u32 = 2;
pub const REFUSED_STREAM: u32 = 7;
pub const CANCEL: u32 = 8;
pub const HTTP_1_1_REQUIRED: u32 = 13;

/// A port that speaks TLS and offers HTTP/2.
pub struct Peer {
    listener: TcpListener,
    pub secure: Arc<Secure>,
}

/// One connection to it.
pub struct Accepted {
    stream: TlsStream<TcpStream>,
    /// Whether it answers pings.
    pub is_alive: bool,
    /// How much the client may be sent on the connection.
    pub window: u64,
}

/// What the client did.
#[derive(Debug, PartialEq, Eq)]
pub enum Did {
    /// It opened this stream.
    Opened(u32),
    /// It has sent all of its request.
    Asked(u32),
    /// It reset a stream with this code.
    Reset(u32, u32),
    /// It closed the connection.
    Closed,
}

impl Peer {
    pub async fn new(secure: Secure) -> Peer {
        Peer { listener: TcpListener::bind("127.0.0.1:0").await.unwrap(), secure: Arc::new(secure) }
    }

    pub fn target(&self) -> String {
        format!("https://127.0.0.1:{}/v1/responses", self.listener.local_addr().unwrap().port())
    }

    /// The next connection, after its preface.
    pub async fn accept(&self) -> Accepted {
        let (socket, _) = self.listener.accept().await.unwrap();
        let mut stream = self.secure.acceptor().accept(socket).await.unwrap();
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.unwrap();
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut accepted = Accepted { stream, is_alive: true, window: 65_535 };
        accepted.write(SETTINGS, 0, 0, &[]).await;
        accepted
    }

    /// A connection of HTTP/1.1 that answers one request.
    pub async fn answer_in_http1(&self) {
        let (socket, _) = self.listener.accept().await.unwrap();
        let mut stream = self.secure.acceptor().accept(socket).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"hello") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"POST /v1/responses HTTP/1.1\r\n"));
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        stream.flush().await.unwrap();
    }
}

impl Accepted {
    async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags];
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(payload);
        // The client may be gone.
        let _ = self.stream.write_all(&frame).await;
        let _ = self.stream.flush().await;
    }

    /// What the client does next; settings, windows and pings are seen to on the way.
    pub async fn next(&mut self) -> Did {
        loop {
            let mut head = [0; 9];
            if self.stream.read_exact(&mut head).await.is_err() {
                return Did::Closed;
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let (kind, flags) = (head[3], head[4]);
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.stream.read_exact(&mut payload).await.unwrap();
            let number = |payload: &[u8]| u32::from_be_bytes(payload[..4].try_into().unwrap());
            match kind {
                HEADERS if flags & END_STREAM == 0 => return Did::Opened(stream),
                HEADERS | DATA if flags & END_STREAM != 0 => return Did::Asked(stream),
                RST_STREAM => return Did::Reset(stream, number(&payload)),
                SETTINGS if flags & ACK == 0 => self.write(SETTINGS, ACK, 0, &[]).await,
                PING if flags & ACK == 0 && self.is_alive => self.write(PING, ACK, 0, &payload).await,
                WINDOW_UPDATE if stream == 0 => self.window += u64::from(number(&payload)),
                GOAWAY => return Did::Closed,
                _ => {}
            }
        }
    }

    /// The stream of the next request, when it is whole.
    pub async fn asked(&mut self) -> u32 {
        loop {
            match self.next().await {
                Did::Asked(stream) => return stream,
                Did::Opened(_) => {}
                other => panic!("no request came: {other:?}"),
            }
        }
    }

    /// Begins an answer.
    pub async fn begin(&mut self, stream: u32) {
        self.write(HEADERS, END_HEADERS, stream, &OK).await;
    }

    /// Sends so many bytes of it.
    pub async fn send(&mut self, stream: u32, bytes: usize) {
        for _ in 0..bytes / 16_384 {
            self.write(DATA, 0, stream, &[b'x'; 16_384]).await;
        }
    }

    /// Ends it.
    pub async fn end(&mut self, stream: u32) {
        self.write(DATA, END_STREAM, stream, b"ok").await;
    }

    pub async fn answer(&mut self, stream: u32) {
        self.begin(stream).await;
        self.end(stream).await;
    }

    pub async fn reset(&mut self, stream: u32, code: u32) {
        self.write(RST_STREAM, 0, stream, &code.to_be_bytes()).await;
    }

    /// Says that no stream above `last` was processed.
    pub async fn go_away(&mut self, last: u32, code: u32) {
        let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
        self.write(GOAWAY, 0, 0, &payload).await;
    }
}
