//! A request's body as one attempt sends it, from its first byte.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::proxy::read::body::ReplayBody;
use crate::upstream::BodyError;

/// Bytes that an attempt sends in the midst of the client's own, or in the place of some. The kept body stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// Behind so many bytes of the body.
    pub at: u64,
    /// In the place of so many.
    pub replaces: u64,
    /// What is sent there.
    pub text: Bytes,
}

/// The body as one attempt sends it.
pub struct AttemptBody {
    body: ReplayBody,
    number: u64,
    next: usize,
    /// Bytes of the client's that were taken.
    passed: u64,
    insertion: Option<Insertion>,
    /// So many bytes of the client's that come next are replaced.
    left_out: u64,
    /// What is left of a chunk that the insertion cut, last first.
    cut: Vec<Bytes>,
    left: Option<u64>,
}

impl AttemptBody {
    /// The attempt with this number, of which so many bytes are sent if that is known.
    pub fn new(body: ReplayBody, number: u64, insertion: Option<Insertion>, left: Option<u64>) -> AttemptBody {
        AttemptBody { body, number, next: 0, passed: 0, insertion, left_out: 0, cut: Vec::new(), left }
    }

    /// The first piece of `chunk`; the others wait in `cut`.
    fn piece(&mut self, chunk: &Bytes) -> Bytes {
        let chunk = self.without_replaced(chunk);
        let from = self.passed;
        self.passed += chunk.len() as u64;
        let Some(insertion) = self.insertion.take_if(|insertion| insertion.at <= self.passed) else {
            return chunk;
        };
        let at = usize::try_from(insertion.at.saturating_sub(from)).unwrap_or(chunk.len());
        self.left_out = insertion.replaces;
        self.passed = insertion.at.max(from);
        let rest = self.without_replaced(&chunk.slice(at..));
        self.passed += rest.len() as u64;
        self.cut = vec![rest, insertion.text];
        self.cut.retain(|piece| !piece.is_empty());
        chunk.slice(..at)
    }

    /// `chunk` without the bytes at its beginning that are replaced.
    fn without_replaced(&mut self, chunk: &Bytes) -> Bytes {
        let length = usize::try_from(self.left_out).map_or(chunk.len(), |left| left.min(chunk.len()));
        self.left_out -= length as u64;
        self.passed += length as u64;
        chunk.slice(length..)
    }

    fn send(&mut self, piece: Bytes) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.left = self.left.map(|left| left.saturating_sub(piece.len() as u64));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

impl Body for AttemptBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(piece) = this.cut.pop() {
            return this.send(piece);
        }
        let body = this.body.clone();
        let mut shared = body.shared();
        if shared.attempts != this.number {
            return Poll::Ready(Some(Err(BodyError::Superseded)));
        }
        loop {
            let chunk = if shared.is_kept {
                shared.chunks.get(this.next).cloned()
            } else {
                // Not kept: what is sent is gone. What this attempt has sent already went while it was kept.
                let sent = std::mem::take(&mut this.next).min(shared.chunks.len());
                shared.chunks.drain(..sent);
                shared.chunks.pop_front()
            };
            if let Some(chunk) = chunk {
                if shared.is_kept {
                    this.next += 1;
                }
                let piece = this.piece(&chunk);
                return this.send(piece);
            }
            match ready!(shared.poll_source(context)) {
                Ok(true) => {}
                Ok(false) => return Poll::Ready(None),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let shared = self.body.shared();
        self.cut.is_empty()
            && self.insertion.is_none()
            && shared.source.is_none()
            && shared.failed.is_none()
            && (shared.is_kept && self.next >= shared.chunks.len() || shared.chunks.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
