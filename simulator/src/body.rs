//! The body of an answer on its way out: paced, cut or left hanging as scripted, and aware of how it ended.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::{Response, StatusCode};
use tokio::time::Sleep;

use super::record::Watch;
use super::traffic::{Streaming, Traffic};

/// How a body ends once its pieces are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As HTTP wants it.
    Clean,
    /// The connection is closed.
    Cut,
    /// Never.
    Hang,
}

/// The error that closes a connection.
pub(crate) fn cut() -> io::Error {
    io::Error::other("cut as scripted")
}

/// The pieces of an answer.
pub(crate) struct ReplyBody {
    pieces: VecDeque<Bytes>,
    ending: Ending,
    /// What the answer's `content-length` says; `None` for a stream.
    length: Option<u64>,
    stream: Option<Streaming>,
    pause: Option<Pin<Box<Sleep>>>,
    watch: Watch,
    flushed: bool,
}

impl ReplyBody {
    /// A document; half of it is sent where it does not end as it should.
    pub(crate) fn whole(document: Bytes, ending: Ending, watch: Watch) -> ReplyBody {
        let length = document.len();
        let sent = if ending == Ending::Clean { document } else { document.slice(..length / 2) };
        let pieces = if sent.is_empty() { VecDeque::new() } else { VecDeque::from([sent]) };
        ReplyBody::new(pieces, Some(length as u64), None, ending, watch)
    }

    /// A stream of `events`.
    pub(crate) fn stream(events: Vec<Bytes>, ending: Ending, traffic: Arc<Traffic>, watch: Watch) -> ReplyBody {
        ReplyBody::new(events.into(), None, Some(Streaming::new(traffic)), ending, watch)
    }

    fn new(
        pieces: VecDeque<Bytes>,
        length: Option<u64>,
        stream: Option<Streaming>,
        ending: Ending,
        mut watch: Watch,
    ) -> ReplyBody {
        if pieces.is_empty() && ending == Ending::Clean {
            watch.completed();
        }
        ReplyBody { pieces, ending, length, stream, pause: None, watch, flushed: false }
    }

    /// The response with this body; 500 where a script names a status that is none.
    pub(crate) fn with_status(self, status: u16) -> Response<ReplyBody> {
        let mut response = Response::new(self);
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if let Some(pause) = &mut this.pause {
            ready!(pause.as_mut().poll(context));
            this.pause = None;
        }
        if let Some(piece) = this.pieces.pop_front() {
            this.watch.event();
            if this.pieces.is_empty() {
                if this.ending == Ending::Clean {
                    this.watch.completed();
                    this.stream = None;
                }
            } else if let Some(stream) = &this.stream {
                let pause = stream.pause();
                this.pause = (!pause.is_zero()).then(|| Box::pin(tokio::time::sleep(pause)));
            }
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match this.ending {
            Ending::Clean => Poll::Ready(None),
            Ending::Hang => Poll::Pending,
            Ending::Cut if this.flushed => {
                this.watch.cut();
                Poll::Ready(Some(Err(cut())))
            }
            Ending::Cut => {
                // An error drops what the connection has buffered; pending first makes it send the pieces.
                this.flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.ending == Ending::Clean
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
