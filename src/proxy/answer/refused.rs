//! An upstream's error as the client gets it.

use bytes::Bytes;
use hyper::header::CONTENT_LENGTH;
use hyper::{Method, Response};

use crate::proxy::answer::body::{ProxyBody, UpstreamBody};
use crate::proxy::answer::filter::Filter;
use crate::proxy::answer::finish::whole;
use crate::proxy::headers;
use crate::proxy::inspect::refusal::Examined;

/// The answer to a request with this method, through `filter`.
pub fn response(examined: Examined, method: &Method, filter: Option<Filter>) -> Response<ProxyBody> {
    let mut passed = headers::for_client(examined.head.headers);
    let body = match examined.rest {
        Some(rest) => {
            if filter.is_some() {
                passed.remove(CONTENT_LENGTH);
            }
            UpstreamBody::new(rest, examined.meter).after(examined.bytes).through(filter).into()
        }
        // The answer to a HEAD says how long the body would have been.
        None if method == Method::HEAD => ProxyBody::full(Bytes::new()),
        None => return whole(examined.head.status, passed, examined.bytes.into_iter().next().unwrap_or_default()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = examined.head.status;
    *response.headers_mut() = passed;
    response
}
