//! An answer that is no success, held back while it is looked at.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::http::{request, response};
use hyper::{Method, Response};
use serde_json::Value;

use super::super::headers;
use super::super::stream::{Dialect, Meter, Passing, ProxyBody};
use super::answer::whole;
use super::held::Held;
use crate::domain::health::Outcome;
use crate::domain::health::classify::{Answer, classify, classify_in_stream};
use crate::domain::time::Timestamp;

/// Errors are short; what is longer is passed on behind the part that was read.
const LOOKED_AT: usize = 256 * 1024;

/// An upstream that is this slow with an error is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The answer, as far as it was read.
pub struct Examined {
    head: response::Parts,
    bytes: VecDeque<Bytes>,
    rest: Option<Incoming>,
    meter: Meter,
    error: Value,
}

/// Reads the error and tells what it proves.
pub async fn examine(response: Response<Incoming>, now: Timestamp) -> (Examined, Outcome) {
    let (head, body) = response.into_parts();
    let (bytes, rest) = read(body).await;
    let mut body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let error = body.get_mut("error").map(Value::take).unwrap_or_default();
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    let outcome = classify(&Answer { status: head.status.as_u16(), header: &header, error: &error }, now);
    (Examined { head, bytes: VecDeque::from([bytes]), rest, meter: Meter::new(Dialect::Other), error }, outcome)
}

/// Tells what an error proves that a stream told before any output.
pub fn examine_held(held: Held, error: Value, now: Timestamp) -> (Examined, Outcome) {
    let header = |name: &str| held.head.headers.get(name)?.to_str().ok();
    let answer = Answer { status: held.head.status.as_u16(), header: &header, error: &error };
    let outcome = classify_in_stream(&answer, now);
    let Held { head, bytes, rest, meter } = held;
    (Examined { head, bytes, rest: Some(rest), meter, error }, outcome)
}

async fn read(mut body: Incoming) -> (Bytes, Option<Incoming>) {
    let mut read = BytesMut::new();
    let reading = async {
        while read.len() < LOOKED_AT && !body.is_end_stream() {
            match body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        read.extend_from_slice(&data);
                    }
                }
                // A body that breaks is passed on as far as it came, and breaks for the client too.
                Some(Err(_)) => return false,
                None => return true,
            }
        }
        body.is_end_stream()
    };
    let ended = tokio::time::timeout(PATIENCE, reading).await.unwrap_or(false);
    (read.freeze(), (!ended).then_some(body))
}

impl Examined {
    /// The status that was answered.
    pub fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    /// Whether it refuses the question for usage that was added to the request.
    pub fn refuses_asking_for_usage(&self) -> bool {
        let names = |field: &str| {
            self.error.get(field).and_then(Value::as_str).is_some_and(|text| text.contains("stream_options"))
        };
        matches!(self.status(), 400 | 422) && (names("param") || names("message"))
    }

    /// The answer as the client gets it.
    pub fn into_response(self, request: &request::Parts) -> Response<ProxyBody> {
        let passed = headers::for_client(self.head.headers);
        match self.rest {
            Some(rest) => {
                let mut response = Response::new(Passing::new(rest, self.meter).after(self.bytes).into());
                *response.status_mut() = self.head.status;
                *response.headers_mut() = passed;
                response
            }
            // The answer to a HEAD says how long the body would have been.
            None if request.method == Method::HEAD => {
                let mut response = Response::new(ProxyBody::full(Bytes::new()));
                *response.status_mut() = self.head.status;
                *response.headers_mut() = passed;
                response
            }
            None => whole(self.head.status, passed, self.bytes.into_iter().next().unwrap_or_default()),
        }
    }
}
