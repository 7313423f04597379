//! A request's body, kept while it passes so that another account can get the same bytes.
//!
//! One attempt reads at a time. It takes what earlier ones got first, then goes on with what the client sends. A
//! body over the limits passes without being kept; then there is no second attempt.

mod attempt;
mod budget;
pub mod encoding;
mod silence;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::background;
use crate::upstream::{BodyError, RequestBody};

use crate::proxy::read::body::attempt::AttemptBody;
pub use crate::proxy::read::body::attempt::Insertion;
pub use crate::proxy::read::body::budget::{Budget, Kept, Room};
use crate::proxy::read::body::silence::Silence;

/// No body is longer.
pub const MAX_BODY: u64 = 64 * 1024 * 1024;

/// What one request may keep.
const KEPT_PER_REQUEST: usize = 32 * 1024 * 1024;

/// So much of a body that is not kept is read before it is sent on: what it begins with says where it has to go.
const BEGINNING: u64 = 256 * 1024;

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
    room: Room,
    passed: u64,
    is_kept: bool,
    failed: Option<BodyError>,
    /// How many attempts began. Only the last one reads on: an upstream that answered early goes on asking for the body.
    attempts: u64,
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
        Ok(Shared { is_kept, ..Shared::of(source, length, budget.room()) }.into())
    }

    /// A body whose bytes are all here, counted in `room`.
    pub fn whole_of(bytes: Bytes, room: Room) -> ReplayBody {
        let passed = bytes.len() as u64;
        Shared { chunks: VecDeque::from([bytes]), passed, ..Shared::of(None, Some(passed), room) }.into()
    }

    /// Nothing of it is kept any more. Whoever has its bytes counts them.
    fn forget(&self) {
        self.shared().forget();
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

    /// Reads on until the body is [`whole`](Self::whole), or more than can be kept and [`begun`](Self::begun).
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

    /// Whether all of it was read.
    pub fn is_read(&self) -> bool {
        self.shared().source.is_none()
    }

    /// The bytes, if all of them were read and kept.
    pub fn whole(&self) -> Option<Bytes> {
        let mut shared = self.shared();
        if shared.source.is_some() || !shared.is_kept {
            return None;
        }
        shared.settle();
        Some(match shared.chunks.make_contiguous() {
            [] => Bytes::new(),
            [one] => one.clone(),
            // It was read while it was sent.
            chunks => chunks.concat().into(),
        })
    }

    /// The bytes, or of a body that is not kept those it begins with.
    pub fn begun(&self) -> Bytes {
        if let Some(whole) = self.whole() {
            return whole;
        }
        let mut shared = self.shared();
        shared.settle();
        let mut begun = shared.chunks.front().cloned().unwrap_or_default();
        for chunk in shared.chunks.iter().skip(1) {
            if begun.len() as u64 >= BEGINNING {
                break;
            }
            begun = [&begun[..], chunk].concat().into();
        }
        begun
    }

    /// The body for one attempt, from its first byte, with `insertion` worked into it.
    pub fn attempt(&self, insertion: Option<&Insertion>) -> RequestBody {
        let added = insertion.map_or(0, |insertion| insertion.text.len() as u64);
        let replaced = insertion.map_or(0, |insertion| insertion.replaces);
        let (left, number) = {
            let mut shared = self.shared();
            shared.settle();
            shared.attempts += 1;
            (shared.length.map(|length| (length + added).saturating_sub(replaced)), shared.attempts)
        };
        AttemptBody::new(self.clone(), number, insertion.cloned(), left).boxed_unsync()
    }
}

impl From<Shared> for ReplayBody {
    fn from(shared: Shared) -> ReplayBody {
        ReplayBody(Arc::new(Mutex::new(shared)))
    }
}

impl Shared {
    /// A body of which nothing was read, and that is kept.
    fn of(source: Option<Incoming>, length: Option<u64>, room: Room) -> Shared {
        Shared {
            source,
            silence: Silence::new(silence::LONGEST),
            length,
            gathered: Vec::new(),
            chunks: VecDeque::new(),
            room,
            passed: 0,
            is_kept: true,
            failed: None,
            attempts: 0,
        }
    }

    /// Until the source ends, or what is kept would be over the limit.
    fn poll_whole(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        while self.source.is_some() && (self.is_kept || self.passed < BEGINNING) {
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
        let kept = self.room.held() + chunk.len();
        let fits = kept <= KEPT_PER_REQUEST && self.room.hold(kept);
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
        self.forget();
        error
    }

    /// What was gathered is the next chunk.
    fn settle(&mut self) {
        if !self.gathered.is_empty() {
            self.chunks.push_back(std::mem::take(&mut self.gathered).into());
        }
    }

    /// Nothing is kept any more.
    fn forget(&mut self) {
        self.is_kept = false;
        self.gathered = Vec::new();
        self.chunks.clear();
        let is_less = self.room.hold(0);
        debug_assert!(is_less, "nothing has room at all times");
    }
}

/// Takes what still comes, for as long as `patience` lasts, and drops it: the connection is whole afterwards.
pub fn drain(mut source: impl Body<Data = Bytes> + Send + Unpin + 'static, patience: Duration) {
    background::spawn(tokio::time::timeout(patience, async move { while let Some(Ok(_)) = source.frame().await {} }));
}
