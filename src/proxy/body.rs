//! A request's body, kept while it passes so that another account can get the same bytes.
//!
//! One attempt reads at a time. It takes what earlier ones got first, then goes on with what the client sends. A
//! body over the limits passes without being kept; then there is no second attempt.

mod budget;
mod silence;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::upstream::{BodyError, RequestBody};

pub use budget::{Budget, Kept, Room};
use silence::Silence;

/// No body is longer.
pub const MAX_BODY: u64 = 64 * 1024 * 1024;

/// What one request may keep.
const KEPT_PER_REQUEST: usize = 32 * 1024 * 1024;

/// How long a client that got its answer early may go on sending. Whoever is cut off in the midst of a body reads a broken
/// connection and not the answer.
pub const LINGER: Duration = Duration::from_secs(30);

/// The body of one request. Clones share it.
#[derive(Clone)]
pub struct ReplayBody(Arc<Mutex<Shared>>);

struct Shared {
    source: Option<Incoming>,
    silence: Silence,
    length: Option<u64>,
    /// What was read before the first attempt, in one piece: many small ones would leave holes in the memory.
    gathered: Vec<u8>,
    chunks: VecDeque<Bytes>,
    kept: usize,
    passed: u64,
    is_kept: bool,
    failed: Option<BodyError>,
    /// How many attempts began. Only the last one reads on: an upstream that answered early goes on asking for the body.
    attempts: u64,
    budget: Arc<Budget>,
}

impl ReplayBody {
    /// A body that has not begun.
    ///
    /// # Errors
    ///
    /// The source, when it says itself that it is too long.
    pub fn new(source: Incoming, budget: &Arc<Budget>) -> Result<ReplayBody, Incoming> {
        let length = source.size_hint().exact();
        if length.is_some_and(|length| length > MAX_BODY) {
            return Err(source);
        }
        let is_kept = length.is_none_or(|length| length <= KEPT_PER_REQUEST as u64);
        let source = (!source.is_end_stream()).then_some(source);
        Ok(ReplayBody(Arc::new(Mutex::new(Shared {
            source,
            silence: Silence::new(silence::LONGEST),
            length,
            gathered: Vec::new(),
            chunks: VecDeque::new(),
            kept: 0,
            passed: 0,
            is_kept,
            failed: None,
            attempts: 0,
            budget: Arc::clone(budget),
        }))))
    }

    /// Nothing of it is wanted any more, whatever the client still sends.
    pub fn let_go(&self) {
        let mut shared = self.shared();
        // Of the attempts none reads on.
        shared.attempts += 1;
        if let Some(source) = shared.source.take() {
            drain(source, LINGER);
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the body is there for another attempt.
    pub fn is_replayable(&self) -> bool {
        let shared = self.shared();
        shared.is_kept && shared.failed.is_none()
    }

    /// Reads on until the body is [`whole`](Self::whole) or more than can be kept.
    ///
    /// # Errors
    ///
    /// [`BodyError`] when the client left or sent too much.
    pub async fn collect(&self) -> Result<(), BodyError> {
        std::future::poll_fn(|context| self.shared().poll_whole(context)).await
    }

    /// How many bytes it has, as far as it is known.
    pub fn length(&self) -> u64 {
        let shared = self.shared();
        shared.length.unwrap_or(shared.passed)
    }

    /// The bytes, if all of them were read and kept.
    pub fn whole(&self) -> Option<Bytes> {
        let mut shared = self.shared();
        if shared.source.is_some() || !shared.is_kept {
            return None;
        }
        shared.settle();
        Some(match shared.chunks.len() {
            0 => Bytes::new(),
            1 => shared.chunks[0].clone(),
            // It was read while it was sent.
            _ => {
                let mut whole = Vec::with_capacity(shared.kept);
                shared.chunks.iter().for_each(|chunk| whole.extend_from_slice(chunk));
                whole.into()
            }
        })
    }

    /// The body for one attempt, from its first byte, with `insertion` worked into it.
    pub fn attempt(&self, insertion: Option<&Insertion>) -> RequestBody {
        let added = insertion.map_or(0, |insertion| insertion.text.len() as u64);
        let (left, number) = {
            let mut shared = self.shared();
            shared.settle();
            shared.attempts += 1;
            (shared.length.map(|length| length + added), shared.attempts)
        };
        AttemptBody {
            body: self.clone(),
            number,
            next: 0,
            passed: 0,
            insertion: insertion.cloned(),
            cut: Vec::new(),
            left,
        }
        .boxed_unsync()
    }
}

impl Shared {
    /// Until the source ends, or what is kept would be over the limit.
    fn poll_whole(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        while self.source.is_some() && self.is_kept {
            ready!(self.poll_source(context))?;
        }
        Poll::Ready(self.failed.map_or(Ok(()), Err))
    }

    /// Takes the next chunk from the client; `false` at the end.
    fn poll_source(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, BodyError>> {
        if let Some(failed) = self.failed {
            return Poll::Ready(Err(failed));
        }
        let Some(source) = &mut self.source else { return Poll::Ready(Ok(false)) };
        let frame = Pin::new(source).poll_frame(context);
        if self.silence.is_too_long(&frame, context) {
            return Poll::Ready(Err(self.fail(BodyError::ClientLeft)));
        }
        let frame = ready!(frame);
        Poll::Ready(match frame {
            None => {
                self.source = None;
                Ok(false)
            }
            Some(Err(_)) => Err(self.fail(BodyError::ClientLeft)),
            Some(Ok(frame)) => match frame.into_data() {
                // Trailers mean nothing to an OpenAI endpoint.
                Err(_) => Ok(true),
                Ok(chunk) => self.keep(chunk).map(|()| true),
            },
        })
    }

    fn keep(&mut self, chunk: Bytes) -> Result<(), BodyError> {
        self.passed += chunk.len() as u64;
        if self.passed > MAX_BODY {
            return Err(self.fail(BodyError::TooLong));
        }
        let fits = self.kept + chunk.len() <= KEPT_PER_REQUEST && self.budget.take(chunk.len());
        if fits {
            self.kept += chunk.len();
        }
        self.is_kept &= fits;
        let is_all = self.passed == chunk.len() as u64 && self.length == Some(self.passed);
        if fits && self.attempts == 0 && !is_all {
            if self.gathered.is_empty() {
                // Only what is written to takes memory. Where there is none to be had, it grows as it goes.
                let length = usize::try_from(self.length.unwrap_or_default()).unwrap_or_default();
                let _ = self.gathered.try_reserve_exact(length);
            }
            self.gathered.extend_from_slice(&chunk);
        } else {
            self.settle();
            self.chunks.push_back(chunk);
        }
        if self.source.as_ref().is_some_and(Body::is_end_stream) {
            self.source = None;
        }
        Ok(())
    }

    fn fail(&mut self, error: BodyError) -> BodyError {
        self.failed = Some(error);
        self.is_kept = false;
        self.give_back();
        error
    }

    /// What was gathered is the next chunk.
    fn settle(&mut self) {
        if !self.gathered.is_empty() {
            self.chunks.push_back(std::mem::take(&mut self.gathered).into());
        }
    }

    /// Nothing is kept any more.
    fn give_back(&mut self) {
        self.gathered = Vec::new();
        self.chunks.clear();
        self.budget.give_back(std::mem::take(&mut self.kept));
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.budget.give_back(self.kept);
    }
}

/// Takes what still comes, for as long as `patience` lasts, and drops it: the connection is whole afterwards.
pub fn drain(mut source: Incoming, patience: Duration) {
    tokio::spawn(tokio::time::timeout(patience, async move { while let Some(Ok(_)) = source.frame().await {} }));
}

/// Bytes that an attempt sends in the midst of the client's own. The kept body stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// Behind so many bytes of the body.
    pub at: u64,
    /// What is sent there.
    pub text: Bytes,
}

/// The body as one attempt sends it.
struct AttemptBody {
    body: ReplayBody,
    number: u64,
    next: usize,
    /// Bytes of the client's that were taken.
    passed: u64,
    insertion: Option<Insertion>,
    /// What is left of a chunk that the insertion cut, last first.
    cut: Vec<Bytes>,
    left: Option<u64>,
}

impl AttemptBody {
    /// The first piece of `chunk`; the others wait in `cut`.
    fn piece(&mut self, chunk: Bytes) -> Bytes {
        let from = self.passed;
        self.passed += chunk.len() as u64;
        let Some(Insertion { at, text }) = self.insertion.take_if(|insertion| insertion.at <= self.passed) else {
            return chunk;
        };
        let at = usize::try_from(at.saturating_sub(from)).unwrap_or(chunk.len());
        self.cut = vec![chunk.slice(at..), text];
        self.cut.retain(|piece| !piece.is_empty());
        chunk.slice(..at)
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
                let piece = this.piece(chunk);
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
