//! The error event of a WebSocket: what an answer of HTTP would have said, in one message.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::domain::account::Kind;
use crate::domain::health::Outcome;
use crate::domain::health::classify::{Answer, classify_message, narrowed_by};
use crate::domain::time::Timestamp;
use crate::domain::translate::error_document;

/// An error event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failed {
    /// The status it would have had over HTTP; `None` for one of a response.
    pub status: Option<u16>,
    /// The error, as in an answer's body.
    pub error: Value,
    /// The headers it would have had over HTTP.
    pub headers: HeaderMap,
    /// The events `codex.rate_limits` that came before.
    pub quota: Vec<Value>,
}

impl Failed {
    /// Reads the message by which a response failed whose error is `error`, behind these events of its quota.
    pub fn read(message: &[u8], error: Value, quota: Vec<Value>) -> Failed {
        let mut message: Value = serde_json::from_slice(message).unwrap_or_default();
        if message["type"] != "error" {
            return Failed { error, quota, ..Failed::default() };
        }
        let number = message["status"].as_u64().or(message["status_code"].as_u64());
        let status = number.and_then(|status| u16::try_from(status).ok()).filter(|status| (100..600).contains(status));
        let mut headers = HeaderMap::new();
        for (name, value) in message["headers"].as_object().into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&text)) {
                headers.append(name, value);
            }
        }
        // A backend may say no more than a sentence.
        if !message["error"].is_object() {
            message = error_document(status.unwrap_or(500), &message);
        }
        Failed { status, error: message["error"].take(), headers, quota }
    }

    /// The code of its error; empty where it has none.
    pub fn code(&self) -> &str {
        self.error.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    /// What it proves of an account of this kind.
    pub fn proves(&self, kind: Kind, now: Timestamp) -> Outcome {
        let header = |name: &str| self.headers.get(name)?.to_str().ok();
        let answer = Answer { status: self.status.unwrap_or(200), header: &header, error: &self.error, text: None };
        let outcome = classify_message(&answer, kind, now);
        if answer.status >= 400 { outcome } else { narrowed_by(outcome, &self.quota) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_event_has_its_status_and_its_headers() {
        let error = json!({ "code": "rate_limit_exceeded" });
        let read = |message: &Value| Failed::read(message.to_string().as_bytes(), message["error"].clone(), Vec::new());
        for (key, value) in [("status", json!(429)), ("status_code", json!(429))] {
            let failed =
                read(&json!({ "type": "error", key: value, "error": error, "headers": { "retry-after": 20 } }));
            assert_eq!((failed.status, &failed.error), (Some(429), &error));
            assert_eq!(failed.headers["retry-after"], "20");
        }
        let failed = read(&json!({ "type": "error", "status": 400, "detail": "Model not found m" }));
        assert_eq!(failed.error["message"], "Model not found m");
        assert_eq!(read(&json!({ "type": "response.failed", "status": 429, "error": error })).status, None);
    }
}
