//! Reads request heads as they pass to the HTTP parser, to see what the parser mends silently: a head with both
//! `Transfer-Encoding` and `Content-Length`. Such a head is spoiled on its way, so that the parser answers 400. The
//! guard also bounds the time a head may take.
//!
//! The parser frames the bodies; to find the next head this keeps count of a `Content-Length`. After a chunked
//! body the connection is closed, so that no head hides behind one; and so after a head that asks for a WebSocket,
//! since what follows it may be frames. None of that is looked at.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::pressure::{self, Pressure};

/// No head is longer.
pub const MAX_HEAD: usize = 64 * 1024;

/// A head that has begun is whole within this time; so is the first one.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// A connection may be idle this long between requests, longer than clients keep theirs.
const IDLE_TIME: Duration = Duration::from_secs(120);

/// What the heads of a connection told so far.
#[derive(Clone, Debug, Default)]
pub struct Heads(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    any: AtomicBool,
    last: AtomicBool,
}

impl Heads {
    /// Whether one came whole.
    pub fn is_any_seen(&self) -> bool {
        self.0.any.load(Ordering::Relaxed)
    }

    /// Whether one was the last that is looked at, since it announced a chunked body or asked for a WebSocket: the
    /// connection ends after its answer.
    pub fn is_last_seen(&self) -> bool {
        self.0.last.load(Ordering::Relaxed)
    }
}

/// A connection whose heads are watched.
pub struct HeadGuard<T> {
    inner: T,
    scanner: Scanner,
    heads: Heads,
    pressure: Pressure,
    timer: Pin<Box<Sleep>>,
    idle: bool,
}

impl<T> HeadGuard<T> {
    /// Watches `inner`.
    pub fn new(inner: T, pressure: Pressure) -> (HeadGuard<T>, Heads) {
        let heads = Heads::default();
        let timer = Box::pin(tokio::time::sleep(HEAD_TIME));
        let scanner = Scanner::default();
        let guard = HeadGuard { inner, scanner, heads: heads.clone(), pressure, timer, idle: false };
        (guard, heads)
    }

    /// The connection, unwatched from now on.
    pub fn into_inner(self) -> T {
        self.inner
    }

    /// While a head is awaited: whether it takes too long.
    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.scanner.position {
            Position::Head => self.timer.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into())),
            Position::Body(_) | Position::Rest => Poll::Pending,
        }
    }

    fn scan(&mut self, bytes: &mut [u8]) {
        let before = self.scanner.heads;
        self.scanner.push(bytes);
        if before != self.scanner.heads {
            self.heads.0.any.store(true, Ordering::Relaxed);
        }
        if self.scanner.position == Position::Rest {
            self.heads.0.last.store(true, Ordering::Relaxed);
        }
        let between = self.scanner.is_between();
        if between {
            self.timer.as_mut().reset(Instant::now() + IDLE_TIME);
        } else if self.idle || before != self.scanner.heads {
            self.timer.as_mut().reset(Instant::now() + HEAD_TIME);
        }
        self.idle = between;
    }

    /// What came of a write. One that stalls holds the reading back, and for no longer than there is patience.
    fn written(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if !self.pressure.is_engaged() {
            return written;
        }
        let is_new = self.pressure.set_stalled(written.is_pending());
        if written.is_pending() {
            if is_new {
                // No head is awaited any more.
                self.timer.as_mut().reset(Instant::now() + pressure::PATIENCE);
            }
            return self.timer.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }
}

impl<T: AsyncRead + Unpin> HeadGuard<T> {
    /// Reads a little of a WebSocket, when more may be read.
    fn poll_piece(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.pressure.poll_admits(context));
        let mut bytes = [0; pressure::PIECE];
        let room = buffer.remaining().min(bytes.len());
        let mut piece = ReadBuf::new(&mut bytes[..room]);
        ready!(Pin::new(&mut self.inner).poll_read(context, &mut piece))?;
        buffer.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for HeadGuard<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.pressure.is_engaged() {
            return this.poll_piece(context, buffer);
        }
        let before = buffer.filled().len();
        match Pin::new(&mut this.inner).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => {
                this.scan(&mut buffer.filled_mut()[before..]);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => this.poll_timer(context),
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for HeadGuard<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.written(context, written)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write_vectored(context, slices);
        this.written(context, written)
    }
}

/// Where the bytes that come next belong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Position {
    /// To a head.
    #[default]
    Head,
    /// To a body, this many more.
    Body(u64),
    /// To a chunked body or whatever follows it, or to a WebSocket.
    Rest,
}

/// The scanner proper; it copies no more than the first bytes of a line.
#[derive(Debug, Default)]
struct Scanner {
    position: Position,
    line: Line,
    /// The line is not the first of its head.
    in_fields: bool,
    length: Option<u64>,
    encoded: bool,
    upgrades: bool,
    heads: u64,
}

/// The beginning of a line: enough for the longest name and a 20-digit number.
#[derive(Debug)]
struct Line {
    text: [u8; 64],
    length: usize,
}

impl Default for Line {
    fn default() -> Line {
        Line { text: [0; 64], length: 0 }
    }
}

impl Scanner {
    /// At the very beginning of a head that is not the first.
    fn is_between(&self) -> bool {
        self.position == Position::Head && self.heads > 0 && !self.in_fields && self.line.length == 0
    }

    /// Reads on. The end of a head that is framed in two ways becomes a byte that no parser takes there.
    fn push(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while at < bytes.len() {
            match self.position {
                Position::Rest => return,
                Position::Body(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                    at += taken;
                    let left = left - taken as u64;
                    self.position = if left == 0 { Position::Head } else { Position::Body(left) };
                }
                Position::Head => {
                    let rest = &bytes[at..];
                    let end = rest.iter().position(|byte| *byte == b'\n');
                    let line = &rest[..end.unwrap_or(rest.len())];
                    let kept = line.len().min(self.line.text.len() - self.line.length);
                    self.line.text[self.line.length..self.line.length + kept].copy_from_slice(&line[..kept]);
                    self.line.length += kept;
                    at += line.len();
                    if end.is_some() {
                        if self.end_line() == Framing::Ambiguous {
                            bytes[at] = 0;
                        }
                        at += 1;
                    }
                }
            }
        }
    }

    fn end_line(&mut self) -> Framing {
        let line = std::mem::take(&mut self.line);
        let text = line.text[..line.length].trim_ascii_end();
        if text.is_empty() {
            // Blank lines before a request line are borne, as the parser bears them.
            return if self.in_fields { self.end_head() } else { Framing::Plain };
        }
        if self.in_fields {
            if let Some(value) = field(text, b"content-length") {
                self.length = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok()).or(Some(0));
            }
            self.encoded |= field(text, b"transfer-encoding").is_some();
            self.upgrades |= field(text, b"upgrade").is_some_and(|name| name.eq_ignore_ascii_case(b"websocket"));
        }
        self.in_fields = true;
        Framing::Plain
    }

    fn end_head(&mut self) -> Framing {
        self.heads += 1;
        self.in_fields = false;
        let (length, encoded) = (self.length.take(), std::mem::take(&mut self.encoded));
        if encoded || std::mem::take(&mut self.upgrades) {
            self.position = Position::Rest;
            return if encoded && length.is_some() { Framing::Ambiguous } else { Framing::Plain };
        }
        if let Some(length) = length.filter(|length| *length > 0) {
            self.position = Position::Body(length);
        }
        Framing::Plain
    }
}

/// Whether a head, if one ended, says in one way how long its body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Plain,
    Ambiguous,
}

/// The value of a header line with this name.
fn field<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let (head, value) = line.split_at_checked(name.len())?;
    let value = head.eq_ignore_ascii_case(name).then_some(value)?.trim_ascii_start();
    Some(value.strip_prefix(b":")?.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wire: &str, heads: u64, spoiled: bool) {
        for step in [1, 3, wire.len()] {
            let mut scanner = Scanner::default();
            let mut passed = wire.as_bytes().to_vec();
            for piece in passed.chunks_mut(step) {
                scanner.push(piece);
            }
            assert_eq!((scanner.heads, passed.contains(&0)), (heads, spoiled), "{wire:?} in steps of {step}");
        }
    }

    #[test]
    fn heads_are_found_behind_bodies_and_both_framings_are_seen_in_any_order() {
        check("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1, false);
        check("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n12\r\n\r\r\nGET / HTTP/1.1\r\n\r\n", 2, false);
        let two = "POST / HTTP/1.1\r\ncontent-length:3\r\n\r\nabcPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(two, 2, false);
        check("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 1, true);
        check("POST / HTTP/1.1\r\nContent-Length: 5\r\nTRANSFER-ENCODING : chunked\r\n\r\n", 1, true);
        check("GET / HTTP/1.1\nX-Content-Length: 5\nA: transfer-encoding: x\n\n", 1, false);
        let frames =
            "GET / HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\nPOST /\r\ncontent-length: 3\r\ntransfer-encoding: x\r\n\r\n";
        check(frames, 1, false);
        check(&frames.replace("WebSocket", "h2c"), 2, true);
        check("GET / HTTP/1.1\r\nUpgrade: websocket\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n\r\n", 1, true);
        check(&format!("GET /{} HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "x".repeat(900)), 1, false);
    }
}
