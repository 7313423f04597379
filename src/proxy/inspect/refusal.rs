//! An answer that is no success, read before anything of it passes.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::http::response;
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use crate::domain::account::Kind;
use crate::domain::health::Outcome;
use crate::domain::health::classify::{Answer, classify, classify_in_stream, narrowed_by};
use crate::domain::time::Timestamp;
use crate::domain::translate::error_document;
use crate::proxy::inspect::beginning::Buffered;
use crate::proxy::inspect::collected::ReportedError;
use crate::proxy::inspect::meter::{Dialect, Meter};
use crate::proxy::read::body::encoding::decoded_answer;
use crate::upstream::ResponseBody;

/// Errors are short; what is longer is passed on behind the part that was read.
const INSPECTED: usize = 256 * 1024;

/// An upstream that is this slow with an error is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The answer, as far as it was read.
pub struct Examined {
    /// Its head.
    pub head: response::Parts,
    /// What was read of its body.
    pub bytes: VecDeque<Bytes>,
    /// The rest of its body, if not all was read.
    pub rest: Option<ResponseBody>,
    /// What read it.
    pub meter: Meter,
    error: Value,
    quota: Vec<Value>,
}

/// Reads the error, and what it proves. That of a ChatGPT backend is put into OpenAI's shape.
pub async fn examine(response: Response<ResponseBody>, kind: Kind, now: Timestamp) -> (Examined, Outcome) {
    let (mut head, body) = response.into_parts();
    let (mut bytes, mut rest) = read(body).await;
    // It was asked for as it is; what is encoded all the same is read before it is judged.
    let read = decoded_answer(&bytes, &head.headers).unwrap_or_else(|| bytes.clone());
    let document: Option<Value> = serde_json::from_slice(&read).ok();
    let text = document.is_none().then_some(&*read);
    let mut body = document.unwrap_or_default();
    if kind == Kind::ChatGpt {
        body = error_document(head.status.as_u16(), &body);
        bytes = Bytes::from(body.to_string());
        rest = None;
    }
    let error = body.get_mut("error").map(Value::take).unwrap_or_default();
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    let answer = Answer { status: head.status.as_u16(), header: &header, error: &error, text };
    let outcome = classify(&answer, kind, now);
    if kind == Kind::ChatGpt {
        head.headers.remove(CONTENT_ENCODING);
        head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let meter = Meter::new(Dialect::Other);
    (Examined { head, bytes: VecDeque::from([bytes]), rest, meter, error, quota: Vec::new() }, outcome)
}

/// What an error proves that a stream reported before any output. The client gets the stream itself.
pub fn examine_buffered(buffered: Buffered, error: Value, now: Timestamp) -> (Examined, Outcome) {
    let Buffered { head, bytes, rest, mut meter } = buffered;
    let quota = meter.quota();
    let outcome = proved_in_stream(&head, &error, &quota, now);
    (Examined { head, bytes, rest: Some(rest), meter, error, quota }, outcome)
}

/// The same for a client that cannot read the stream: it gets the error with the status that fits it.
pub fn examine_reported(reported: ReportedError, now: Timestamp) -> (Examined, Outcome) {
    let ReportedError { mut head, error, quota } = reported;
    let outcome = proved_in_stream(&head, &error, &quota, now);
    let is_asked_wrongly = error.get("type").and_then(Value::as_str) == Some("invalid_request_error");
    head.status = match &outcome {
        Outcome::RateLimited { .. }
        | Outcome::UsageLimited { .. }
        | Outcome::ModelLimited { .. }
        | Outcome::OutOfQuota => StatusCode::TOO_MANY_REQUESTS,
        Outcome::ServerFailure { .. } => StatusCode::SERVICE_UNAVAILABLE,
        _ if is_asked_wrongly => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    head.headers.remove(CONTENT_LENGTH);
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let bytes = VecDeque::from([Bytes::from(json!({ "error": error }).to_string())]);
    (Examined { head, bytes, rest: None, meter: Meter::new(Dialect::Other), error, quota }, outcome)
}

/// What an error proves that a stream reports behind this head and these events of its quota.
fn proved_in_stream(head: &response::Parts, error: &Value, quota: &[Value], now: Timestamp) -> Outcome {
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    let answer = Answer { status: head.status.as_u16(), header: &header, error, text: None };
    narrowed_by(classify_in_stream(&answer, now), quota)
}

async fn read(mut body: ResponseBody) -> (Bytes, Option<ResponseBody>) {
    let mut read = BytesMut::new();
    let reading = async {
        while read.len() < INSPECTED && !body.is_end_stream() {
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

    /// The events `codex.rate_limits` that came before the error.
    pub fn quota(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.quota)
    }

    /// The error, as in an answer's body.
    pub fn into_error(self) -> Value {
        self.error
    }

    /// Whether it refuses the question for usage that was added to the request.
    pub fn refuses_usage_question(&self) -> bool {
        let names = |field: &str| {
            self.error.get(field).and_then(Value::as_str).is_some_and(|text| text.contains("stream_options"))
        };
        matches!(self.status(), 400 | 422) && (names("param") || names("message"))
    }

    /// Whether it could not read the encrypted reasoning that was sent along.
    pub fn refuses_reasoning(&self) -> bool {
        self.error.get("code").and_then(Value::as_str) == Some("invalid_encrypted_content")
    }

    /// Adds what to do to what its error says, where that was read whole.
    pub fn advise(&mut self, advice: &str) {
        let read = self.bytes.front().filter(|_| self.rest.is_none() && self.bytes.len() == 1);
        let Some(mut document) = read.and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok()) else { return };
        if let Some(Value::String(message)) = document.pointer_mut("/error/message") {
            message.push(' ');
            message.push_str(advice);
            self.bytes = VecDeque::from([Bytes::from(document.to_string())]);
        }
    }
}
