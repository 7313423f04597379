//! What it means that no answer came: whether the request may have been acted on, and whether the upstream is at fault.

use std::time::Duration;

use hyper::Request;

use crate::error::deepest;
use crate::upstream::{BodyError, RequestBody, SendError, cause};

/// A connection that was idle for so long may have been closed by its other end while the request was on its way. Servers
/// close idle connections after 5 s at the soonest.
pub const OLD: Duration = Duration::from_secs(4);

/// A request of which nothing was written, because its connection was closed.
pub struct Unsent {
    pub why: String,
    pub request: Box<Request<RequestBody>>,
}

/// What the failure of a request on a connection of HTTP/1.1 proves.
pub fn unanswered(error: &hyper::Error, is_old: bool) -> SendError {
    let words = deepest(error);
    match cause::<BodyError>(error) {
        Some(body) => SendError::Body(*body),
        None if is_old && is_closed(error) => SendError::Closed(words),
        None => SendError::Broken(words),
    }
}

/// Whether the other end closed the connection, rather than said something that cannot be understood.
fn is_closed(error: &hyper::Error) -> bool {
    error.is_incomplete_message() || error.is_canceled() || cause::<std::io::Error>(error).is_some()
}
