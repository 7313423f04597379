//! The body of an upstream's answer. It knows when it is over, so that its connection is there for the next request, and
//! when it is dropped before, so that the upstream stops.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::{Response, StatusCode};

use super::http1::Http1;
use super::http2::Place;
use super::origin::Origin;

/// The body of an answer.
pub struct ResponseBody {
    inner: Incoming,
    on: On,
}

/// What it comes on.
enum On {
    /// Nothing that is to be kept.
    Nothing,
    /// A connection that is its own until it is over.
    Http1(Http1, Arc<Origin>),
    /// A stream beside others.
    Http2(Arc<Place>),
}

impl ResponseBody {
    /// The answer on a connection of its own.
    pub fn on_http1(answer: Response<Incoming>, connection: Http1, origin: &Arc<Origin>) -> Response<ResponseBody> {
        // An upgraded one speaks something else from now on.
        let is_kept = answer.status() != StatusCode::SWITCHING_PROTOCOLS;
        answer.map(|inner| {
            let on = if is_kept { On::Http1(connection, Arc::clone(origin)) } else { On::Nothing };
            let mut body = ResponseBody { inner, on };
            body.end_if_over();
            body
        })
    }

    /// The answer on a stream.
    pub fn on_http2(answer: Response<Incoming>, place: Arc<Place>) -> Response<ResponseBody> {
        answer.map(|inner| {
            let mut body = ResponseBody { inner, on: On::Http2(place) };
            body.end_if_over();
            body
        })
    }

    fn end_if_over(&mut self) {
        if self.inner.is_end_stream() {
            self.end();
        }
    }

    /// Nothing more of it is wanted, or comes.
    fn end(&mut self) {
        match std::mem::replace(&mut self.on, On::Nothing) {
            On::Nothing => {}
            On::Http1(connection, origin) => origin.put_back(connection),
            On::Http2(place) => place.end(),
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(None) = polled {
            self.end();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for ResponseBody {
    /// What is left of an answer on a connection of HTTP/1.1 is read if it is there already; else the connection is closed.
    fn drop(&mut self) {
        self.end();
    }
}
