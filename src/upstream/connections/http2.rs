//! A connection of HTTP/2: many requests at a time, as many as its other end allows.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use h2::Reason;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, Connection, SendRequest};
use hyper::header::HOST;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioIo, TokioTimer};

use super::activity::{Activity, Observed};
use super::idle::{IDLE, NAP};
use super::unanswered::{OLD, Unsent};
use crate::background::{self, Background};
use crate::clock::Moment;
use crate::error::deepest;
use crate::upstream::connector::{ConnectError, Patience, Wire};
use crate::upstream::{BodyError, RequestBody, SendError, cause};

/// No connection has more streams, whatever the server allows.
pub const MOST_STREAMS: usize = 128;

/// How much of an answer whose client does not read is taken in, in bytes.
const STREAM_WINDOW: u32 = 128 * 1024;

/// Four times what all streams together may take in: however many clients do not read, the other streams go on. It is no memory,
/// which the streams' own windows bound. h2 closes a connection on which more small frames wait than half of this pays for
/// at 256 bytes each; events are small, and four times as much is beyond what the streams can hold of them.
const CONNECTION_WINDOW: u32 = 64 * 1024 * 1024;

/// How much of a request waits in a stream for the server to take it, in bytes.
const SEND_BUFFER: usize = 256 * 1024;

/// The longest head of an answer, in bytes.
const LONGEST_HEAD: u32 = 64 * 1024;

/// So many streams that clients left are remembered, for so long: what the server still sends of them is ignored.
const LEFT_STREAMS: usize = 1024;
const LEFT_FOR: Duration = Duration::from_secs(10);

type Driven = Connection<TokioIo<Observed<Wire>>, SharedBody, Background>;

/// An open connection.
pub struct Http2 {
    sender: SendRequest<SharedBody>,
    /// `None` when it is closed. A task polls it; the server's limit is read here.
    driven: Arc<Mutex<Option<Driven>>>,
    streams: AtomicUsize,
    /// It takes no new streams.
    is_retired: AtomicBool,
    /// A request has reported that it broke.
    is_reported: AtomicBool,
    /// Its other end said that HTTP/2 will not do.
    wants_http1: AtomicBool,
    activity: Arc<Activity>,
    silence: Duration,
}

impl Http2 {
    /// Speaks HTTP/2 on `wire`, with so many streams until the server says how many it allows.
    pub async fn open(wire: Wire, streams: usize, patience: Patience) -> Result<Arc<Http2>, ConnectError> {
        let activity = Arc::<Activity>::default();
        let wire = TokioIo::new(Observed::new(wire, Arc::clone(&activity)));
        let handshake = Builder::new(Background)
            .timer(TokioTimer::new())
            .initial_max_send_streams(streams)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .max_header_list_size(LONGEST_HEAD)
            .max_concurrent_reset_streams(LEFT_STREAMS)
            .reset_stream_duration(LEFT_FOR)
            .keep_alive_interval(patience.ping)
            .keep_alive_timeout(patience.pong)
            .keep_alive_while_idle(true)
            .handshake(wire)
            .await;
        let (sender, connection) = handshake.map_err(|error| ConnectError::direct(&error))?;
        let driven = Arc::new(Mutex::new(Some(connection)));
        let polled_here = Arc::clone(&driven);
        background::spawn(std::future::poll_fn(move |context| {
            let mut connection = polled_here.lock().unwrap_or_else(PoisonError::into_inner);
            let polled = connection.as_mut().map_or(Poll::Ready(Ok(())), |open| Pin::new(open).poll(context));
            if polled.is_ready() {
                *connection = None;
            }
            polled.map(drop)
        }));
        Ok(Arc::new(Http2 {
            sender,
            driven,
            streams: AtomicUsize::default(),
            is_retired: AtomicBool::default(),
            is_reported: AtomicBool::default(),
            wants_http1: AtomicBool::default(),
            activity,
            silence: patience.suspicious(),
        }))
    }

    /// Whether requests may still go out on it. One that has said nothing for longer than its answers to pings take is
    /// left: it may have been cut off, and the next ping ends what is on it.
    pub fn is_usable(&self, now: &Moment) -> bool {
        let said = self.activity.last();
        let is_silent = now.since(&said) > self.silence || now.slept_since(&said) >= NAP;
        !self.is_retired.load(Ordering::Relaxed) && !self.sender.is_closed() && !is_silent
    }

    /// Whether its other end said that HTTP/2 will not do.
    pub fn wants_http1(&self) -> bool {
        self.wants_http1.load(Ordering::Relaxed)
    }

    /// A place for one more stream, if there is one. The server's limit is noted in `limit`.
    pub fn place(self: &Arc<Http2>, limit: &mut Option<usize>, now: &Moment) -> Option<Arc<Place>> {
        let streams = self.streams.load(Ordering::Relaxed);
        // The first stream waits for leave where the server allows none.
        if streams > 0 && streams >= self.limit(limit) {
            return None;
        }
        self.streams.fetch_add(1, Ordering::Relaxed);
        let is_old = streams == 0 && now.since(&self.activity.last_stream()) >= OLD;
        Some(Arc::new(Place {
            connection: Arc::clone(self),
            is_old,
            failed: OnceLock::new(),
            is_over: AtomicBool::default(),
            sending: AtomicWaker::new(),
        }))
    }

    fn limit(&self, noted: &mut Option<usize>) -> usize {
        let driven = self.driven.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = driven.as_ref().map_or(0, Connection::current_max_send_streams);
        *noted = Some(limit);
        limit.min(MOST_STREAMS)
    }

    /// Whether it has more streams than its other end allows.
    fn is_full(&self) -> bool {
        self.streams.load(Ordering::Relaxed) > self.limit(&mut None)
    }

    /// It takes no new streams from now on; those that are open go on.
    fn retire(&self) {
        self.is_retired.store(true, Ordering::Relaxed);
    }

    /// Whether it has had no stream for long.
    pub fn is_idle_for_long(&self, now: &Moment) -> bool {
        self.streams.load(Ordering::Relaxed) == 0 && now.since(&self.activity.last_stream()) >= IDLE
    }
}

/// A place for one stream, free again when both its request and its answer are over.
pub struct Place {
    connection: Arc<Http2>,
    /// The connection had been without a stream for so long that the server may have just closed it.
    is_old: bool,
    /// Why the request's body ended early.
    failed: OnceLock<BodyError>,
    /// Nothing more of the answer is wanted, or comes.
    is_over: AtomicBool,
    /// The task that sends the request's body.
    sending: AtomicWaker,
}

impl Place {
    /// Sends a request; its answer, or the request when the connection was closed before any of it was written.
    pub async fn send(
        self: &Arc<Place>,
        mut request: Request<RequestBody>,
    ) -> Result<Result<Response<Incoming>, SendError>, Unsent> {
        // The target says it.
        request.headers_mut().remove(HOST);
        *request.version_mut() = Version::HTTP_2;
        let request = request.map(|inner| SharedBody { inner, place: Arc::clone(self) });
        let mut sender = self.connection.sender.clone();
        let mut error = match sender.try_send_request(request).await {
            Ok(answer) => return Ok(Ok(answer)),
            Err(error) => error,
        };
        let unsent = error.take_message();
        let error = error.into_error();
        match unsent {
            Some(request) => {
                self.connection.retire();
                Err(Unsent { why: deepest(&error), request: Box::new(request.map(SharedBody::into_inner)) })
            }
            None => Ok(Err(self.unanswered(&error))),
        }
    }

    /// What it means that no answer came.
    fn unanswered(&self, error: &hyper::Error) -> SendError {
        if let Some(failed) = self.failed.get() {
            return SendError::Body(*failed);
        }
        let words = deepest(error);
        let said = cause::<h2::Error>(error).filter(|said| said.is_remote());
        let reason = said.and_then(h2::Error::reason);
        // It is at its limit, which it had not said in time; else it wants no more.
        if !(reason == Some(Reason::REFUSED_STREAM) && self.connection.is_full()) {
            self.connection.retire();
        }
        if reason == Some(Reason::HTTP_1_1_REQUIRED) {
            self.connection.wants_http1.store(true, Ordering::Relaxed);
            return SendError::NotProcessed(words);
        }
        // A GOAWAY ends only the streams that it says were not processed.
        let is_refused = reason == Some(Reason::REFUSED_STREAM) || said.is_some_and(h2::Error::is_go_away);
        if is_refused {
            return SendError::NotProcessed(words);
        }
        // A connection that breaks is one failure, however many requests were on it.
        let is_of_stream = cause::<h2::Error>(error).is_some_and(h2::Error::is_reset);
        let is_known = !is_of_stream && self.connection.is_reported.swap(true, Ordering::Relaxed);
        if self.is_old || is_known { SendError::Closed(words) } else { SendError::Broken(words) }
    }

    /// The answer is over, or nobody wants the rest of it: nor is the rest of the request sent.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.sending.wake();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connection.activity.stream_ended();
        self.connection.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of a request on a stream. Why it failed is noted, since the stream's own error does not say.
pub struct SharedBody {
    inner: RequestBody,
    place: Arc<Place>,
}

impl SharedBody {
    fn into_inner(self) -> RequestBody {
        self.inner
    }
}

impl Body for SharedBody {
    type Data = Bytes;
    /// What the stream is reset with.
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        self.place.sending.register(context.waker());
        if self.place.is_over.load(Ordering::Relaxed) {
            return Poll::Ready(Some(Err(Reason::CANCEL.into())));
        }
        let SharedBody { inner, place } = &mut *self;
        Pin::new(inner).poll_frame(context).map_err(|error| {
            let _ = place.failed.set(error);
            Reason::CANCEL.into()
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
