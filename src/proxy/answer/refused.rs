//! An upstream's error as the client gets it.

use bytes::Bytes;
use hyper::header::CONTENT_LENGTH;
use hyper::{Method, Response};

use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::filter::Filter;
use crate::proxy::answer::finish::{self, whole};
use crate::proxy::headers;
use crate::proxy::inspect::refusal::Examined;

/// The answer to a request with this method, through `filter`.
pub fn response(examined: Examined, method: &Method, filter: Option<Filter>) -> Response<ProxyBody> {
    let mut passed = headers::for_client(examined.head.headers);
    let body = match examined.rest {
        rest @ Some(_) => {
            if filter.is_some() {
                passed.remove(CONTENT_LENGTH);
            }
            ProxyBody::passing(examined.bytes, rest, examined.meter, filter)
        }
        // The answer to a HEAD says how long the body would have been.
        None if method == Method::HEAD => ProxyBody::full(Bytes::new()),
        None => return whole(examined.head.status, passed, examined.bytes.into_iter().next().unwrap_or_default()),
    };
    finish::response(examined.head.status, passed, body)
}
