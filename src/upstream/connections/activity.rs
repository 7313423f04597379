//! When something last came on a connection, and when it last had a stream.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::clock::Moment;

/// What a connection does.
pub struct Activity(Mutex<Last>);

#[derive(Clone, Copy)]
struct Last {
    read: Moment,
    stream: Moment,
}

impl Default for Activity {
    /// It was opened just now.
    fn default() -> Activity {
        let now = Moment::now();
        Activity(Mutex::new(Last { read: now, stream: now }))
    }
}

impl Activity {
    fn note(&self, note: impl FnOnce(&mut Last)) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn get(&self) -> Last {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When something came last.
    pub fn last(&self) -> Moment {
        self.get().read
    }

    /// When it last had a stream, or was opened.
    pub fn last_stream(&self) -> Moment {
        self.get().stream
    }

    /// A stream ended.
    pub fn stream_ended(&self) {
        self.note(|last| last.stream = Moment::now());
    }
}

/// A connection on which what comes is noted.
pub struct Observed<S> {
    inner: S,
    activity: Arc<Activity>,
}

impl<S> Observed<S> {
    pub fn new(inner: S, activity: Arc<Activity>) -> Observed<S> {
        Observed { inner, activity }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Observed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.note(|last| last.read = Moment::now());
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Observed<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
