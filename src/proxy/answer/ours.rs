//! Answers of our own.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::Value;

use crate::domain::plain_text::plain;
use crate::proxy::answer::body::ProxyBody;

/// A JSON answer. The sentence of an error is shown by whoever gets it, on terminals too, and may hold labels, models and what
/// others say.
pub fn json(status: StatusCode, body: &Value) -> Response<ProxyBody> {
    let harmless = body.pointer("/error/message").and_then(Value::as_str).map(plain);
    let text = match harmless {
        Some(message) => {
            let mut body = body.clone();
            body["error"]["message"] = message.into();
            body.to_string()
        }
        None => body.to_string(),
    };
    self::text(status, "application/json", text)
}

/// An answer in another format.
pub fn text(status: StatusCode, kind: &'static str, body: String) -> Response<ProxyBody> {
    let mut response = Response::new(ProxyBody::full(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
