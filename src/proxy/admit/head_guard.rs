//! Reads request heads as they pass to the HTTP parser, to see what the parser mends silently: a head with both
//! `Transfer-Encoding` and `Content-Length`. Such a head is spoiled on its way, so that the parser answers 400. The
//! guard also notes when a head begins and when it is whole; how long it may take is the connection's own matter.
//!
//! The parser frames the bodies; to find the next head this keeps count of a `Content-Length`. After a chunked
//! body the connection is closed, so that no head hides behind one; and so after a head that asks for a WebSocket,
//! since what follows it may be frames. None of that is read.

mod scanner;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::proxy::admit::connections::Presence;
use crate::proxy::admit::head_guard::scanner::{Position, Scanner};
use crate::proxy::admit::pressure::{self, Pressure};

/// No head is longer.
pub const MAX_HEAD: usize = 64 * 1024;

/// What the heads of a connection have shown so far.
#[derive(Clone, Debug, Default)]
pub struct Heads(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    any: AtomicBool,
    last: AtomicBool,
}

impl Heads {
    /// Whether one came whole.
    pub fn is_any_seen(&self) -> bool {
        self.0.any.load(Ordering::Relaxed)
    }

    /// Whether one was the last that is read, since it announced a chunked body or asked for a WebSocket: the
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
    presence: Presence,
    is_head_begun: bool,
    is_stalled: bool,
    pressure: Pressure,
    /// How long a WebSocket of `/rpc` that is not read is waited for.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<T> HeadGuard<T> {
    /// Watches `inner`, whose first head is awaited.
    pub fn new(inner: T, presence: Presence, pressure: Pressure) -> (HeadGuard<T>, Heads) {
        let heads = Heads::default();
        let guard = HeadGuard {
            inner,
            scanner: Scanner::default(),
            heads: heads.clone(),
            presence,
            is_head_begun: true,
            is_stalled: false,
            pressure,
            patience: None,
        };
        (guard, heads)
    }

    /// The connection, unwatched from now on.
    pub fn into_inner(self) -> T {
        self.inner
    }

    fn scan(&mut self, bytes: &mut [u8]) {
        let before = self.scanner.heads;
        self.scanner.push(bytes);
        if self.scanner.position == Position::Rest {
            self.heads.0.last.store(true, Ordering::Relaxed);
        }
        let is_new = before != self.scanner.heads;
        if is_new {
            self.heads.0.any.store(true, Ordering::Relaxed);
        }
        let is_head_begun = self.scanner.is_within_head();
        // A new head that has begun has a time of its own.
        if is_head_begun != self.is_head_begun || is_head_begun && is_new {
            self.is_head_begun = is_head_begun;
            self.presence.set_head_begun(is_head_begun);
        }
    }

    /// What came of a write.
    fn written(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if self.pressure.is_engaged() {
            return self.written_under_pressure(context, written);
        }
        if self.is_stalled != written.is_pending() {
            self.is_stalled = written.is_pending();
            self.presence.set_stalled(self.is_stalled);
        }
        written
    }

    /// A write that stalls holds the reading back, and for no longer than there is patience.
    fn written_under_pressure(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.pressure.set_stalled(written.is_pending());
        if !written.is_pending() {
            self.patience = None;
            return written;
        }
        let until = || Box::pin(tokio::time::sleep_until(Instant::now() + pressure::PATIENCE));
        let patience = self.patience.get_or_insert_with(until);
        patience.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
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
            other => other,
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
