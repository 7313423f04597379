//! Errors in OpenAI's shape: `{"error": {message, type, param, code}}`.

use serde_json::{Map, Value, json};

use crate::domain::health::classify::is_model_refusal;

/// A request that the backend could not serve as it is meant: status 400, `invalid_request_error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The parameter, or the place in it. `None` for the request as a whole.
    pub param: Option<String>,
    /// OpenAI's code.
    pub code: &'static str,
    /// What to do instead.
    pub message: String,
}

impl Refused {
    pub(super) fn no_object() -> Refused {
        Refused::invalid(None, "The request body has to be a JSON object.")
    }

    pub(super) fn missing(param: &str) -> Refused {
        let message = format!("Missing required parameter: '{param}'.");
        Refused { param: Some(param.to_owned()), code: "missing_required_parameter", message }
    }

    pub(super) fn invalid(param: Option<&str>, message: impl Into<String>) -> Refused {
        Refused { param: param.map(str::to_owned), code: "invalid_type", message: message.into() }
    }

    pub(super) fn unsupported(param: &str, why: &str) -> Refused {
        let message = format!("Unsupported parameter: '{param}': {why}.");
        Refused { param: Some(param.to_owned()), code: "unsupported_parameter", message }
    }

    /// The body of the answer.
    pub fn document(&self) -> Value {
        error(&self.message, "invalid_request_error", self.param.as_deref().into(), self.code.into())
    }
}

/// Why an answer is no answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// The backend said so: the `error` object of `response.failed` or of the event `error`.
    Reported(Value),
    /// The stream ended without the event that ends it.
    Truncated,
    /// An event was longer than `LONGEST_EVENT`, or all items together were.
    TooLong,
}

/// The error that `event` reports, in full shape: of `response.failed` the response's, of `error` its own.
pub(super) fn reported(event: &Value) -> Value {
    let reported = [&event["response"]["error"], &event["error"]].into_iter().find_map(Value::as_object);
    // The event `error` may carry the fields itself, beside what every event has.
    let mut fields: Map<String, Value> = reported.or(event.as_object()).cloned().unwrap_or_default();
    if reported.is_none() {
        fields.retain(|name, _| !matches!(name.as_str(), "type" | "sequence_number" | "response" | "error"));
    }
    let message = fields.get("message").and_then(Value::as_str).unwrap_or("The upstream failed; try again.");
    let code = fields.get("code").cloned().unwrap_or_default();
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or_else(|| kind_of_code(code.as_str()));
    let whole = error(message, kind, fields.get("param").cloned().unwrap_or_default(), code);
    // Such as `resets_at` of a usage limit.
    fields.retain(|name, _| whole["error"].get(name).is_none());
    let mut whole = whole["error"].as_object().cloned().unwrap_or_default();
    whole.append(&mut fields);
    let mut whole = whole.into();
    hide_tokens(&mut whole);
    whole
}

/// Puts `****` in the place of every JSON Web Token in `value`: a backend may repeat in an error what was sent to it, and a
/// login's token must not come to its client, whose model may read the answer.
pub(super) fn hide_tokens(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(hidden) = without_tokens(text) {
                *text = hidden;
            }
        }
        Value::Array(list) => list.iter_mut().for_each(hide_tokens),
        Value::Object(fields) => fields.values_mut().for_each(hide_tokens),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `text` with its tokens hidden. `None` when it has none. What is cut off after its second part is one too.
fn without_tokens(text: &str) -> Option<String> {
    let is_of_a_token = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let mut hidden = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(TOKEN_START) {
        let (before, word) = rest.split_at(at);
        let end = word.find(|letter| !is_of_a_token(letter)).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        hidden.push_str(before);
        hidden.push_str(if word.contains('.') { "****" } else { word });
        rest = after;
    }
    (rest.len() < text.len()).then(|| hidden + rest)
}

/// `{"` in base64, with which every JSON Web Token begins.
pub(super) const TOKEN_START: &str = "eyJ";

/// A backend's error body in OpenAI's shape. One that has an `error` object stays as it is, except tokens in it.
pub fn error_document(status: u16, body: &Value) -> Value {
    let mut document = shaped(status, body);
    hide_tokens(&mut document);
    document
}

fn shaped(status: u16, body: &Value) -> Value {
    if body["error"].is_object() {
        return body.clone();
    }
    let reported = [&body["detail"], &body["error"], &body["message"], body].into_iter().find(|value| !value.is_null());
    let reported = reported.unwrap_or(&Value::Null);
    let message =
        message(reported).unwrap_or_else(|| format!("The upstream answered with status {status} and no reason."));
    let kind = reported["type"].as_str().unwrap_or(match status {
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    });
    let (param, code) = match (reported["code"].as_str(), message.strip_prefix("Unsupported parameter: ")) {
        (Some(code), _) => (reported["param"].clone(), code.into()),
        (None, Some(name)) => (name.trim_matches(['\'', '.', '`']).into(), "unsupported_parameter".into()),
        (None, None) if is_model_refusal(&message) => ("model".into(), "model_not_found".into()),
        // Some say nothing but the code.
        (None, None) if is_code(&message) => (Value::Null, message.as_str().into()),
        (None, None) => (reported["param"].clone(), Value::Null),
    };
    error(&message, kind, param, code)
}

/// Whether a text is a code, such as `deactivated_workspace`.
fn is_code(text: &str) -> bool {
    text.contains('_') && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The message in `value`: a text, an object's message, or what a validator found wrong, one after another.
fn message(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Object(fields) => ["message", "msg", "detail"].iter().find_map(|name| message(fields.get(*name)?)),
        Value::Array(list) => {
            Some(list.iter().filter_map(message).collect::<Vec<_>>().join("; ")).filter(|messages| !messages.is_empty())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn kind_of_code(code: Option<&str>) -> &'static str {
    match code {
        Some("rate_limit_exceeded") => "rate_limit_error",
        Some("insufficient_quota") => "insufficient_quota",
        Some("invalid_prompt" | "context_length_exceeded" | "invalid_encrypted_content" | "model_not_found") => {
            "invalid_request_error"
        }
        _ => "server_error",
    }
}

fn error(message: &str, kind: &str, param: Value, code: Value) -> Value {
    let mut error = json!({ "message": message, "type": kind });
    error["param"] = param;
    error["code"] = code;
    json!({ "error": error })
}
