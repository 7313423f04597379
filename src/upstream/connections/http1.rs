//! A connection of HTTP/1.1: one request at a time.

use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;

use super::unanswered::{OLD, Unsent, unanswered};
use crate::background;
use crate::error::deepest;
use crate::upstream::connector::{ConnectError, Wire};
use crate::upstream::{RequestBody, SendError};

/// How much of an answer is read before it is passed on, in bytes.
const READ_AT_ONCE: usize = 128 * 1024;

/// An open connection without a request.
pub struct Http1 {
    sender: SendRequest<RequestBody>,
    /// How long it had been idle when it was taken.
    idle_for: Duration,
}

impl Http1 {
    /// Speaks HTTP/1.1 on `wire`.
    pub async fn open(wire: Wire) -> Result<Http1, ConnectError> {
        let handshake = Builder::new().max_buf_size(READ_AT_ONCE).handshake(TokioIo::new(wire)).await;
        let (sender, connection) = handshake.map_err(|error| ConnectError::direct(&error))?;
        background::spawn(connection.with_upgrades());
        Ok(Http1 { sender, idle_for: Duration::ZERO })
    }

    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// The same, taken after it was idle for so long.
    #[must_use = "this returns the connection with its age"]
    pub fn after(self, idle_for: Duration) -> Http1 {
        Http1 { idle_for, ..self }
    }

    /// Sends a request to `host`; its answer, and the connection that it comes on. Or the request, when the connection was
    /// closed before any of it was written.
    pub async fn send(
        mut self,
        host: &HeaderValue,
        mut request: Request<RequestBody>,
    ) -> Result<Result<(Response<Incoming>, Http1), SendError>, Unsent> {
        let target = to_origin_form(request.uri_mut());
        request.headers_mut().entry(HOST).or_insert_with(|| host.clone());
        let mut error = match self.sender.try_send_request(request).await {
            Ok(answer) => return Ok(Ok((answer, self))),
            Err(error) => error,
        };
        let unsent = error.take_message();
        let error = error.into_error();
        match unsent {
            Some(mut request) => {
                *request.uri_mut() = target;
                Err(Unsent { why: deepest(&error), request: Box::new(request) })
            }
            None => Ok(Err(unanswered(&error, self.idle_for >= OLD))),
        }
    }

    /// Whether it can take a request now: the answer before is over, and all of its request is written.
    pub fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Waits until it can; `None` when it is closed by then.
    pub async fn ready(mut self) -> Option<Http1> {
        self.sender.ready().await.ok().map(|()| self)
    }
}

/// Leaves the path and query of a target, which is returned as it was.
fn to_origin_form(target: &mut Uri) -> Uri {
    let path = target.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    std::mem::replace(target, Uri::from(path))
}
