//! The messages of a socket: an upstream's as the events of a stream, which every reader here knows, and our own.

use bytes::Bytes;
use hyper::Response;
use hyper::header::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::errors;
use crate::proxy::echo;
use crate::proxy::send::translated::Unserved;

/// The message as an event of a stream.
pub fn event(text: &str) -> Vec<u8> {
    let mut event = Vec::with_capacity(text.len() + 8);
    event.extend_from_slice(b"data: ");
    // A line's end is a space between two words of JSON.
    event.extend(text.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
    event.extend_from_slice(b"\n\n");
    event
}

/// What an event of a stream says. `None` when it says nothing.
pub fn text(event: &[u8]) -> Option<Utf8Bytes> {
    let data = event.trim_ascii().strip_prefix(b"data:")?.trim_ascii_start();
    Utf8Bytes::try_from(Bytes::copy_from_slice(data)).ok()
}

/// The event of an error with this status.
pub fn of_error(status: u16, error: &Value, headers: &Map<String, Value>, stream_id: Option<&str>) -> Utf8Bytes {
    let mut event = json!({ "type": "error", "status": status, "error": error, "headers": headers });
    if let (Some(stream_id), Value::Object(fields)) = (stream_id, &mut event) {
        fields.insert("stream_id".to_owned(), stream_id.into());
    }
    event.to_string().into()
}

/// The status and the event of one of our own answers.
pub fn of_answer(answer: Response<ProxyBody>, stream_id: Option<&str>) -> (u16, Utf8Bytes) {
    let status = answer.status().as_u16();
    let mut headers = fields_of(answer.headers());
    headers.retain(|name, _| name == "retry-after" || name.starts_with("x-"));
    let body: Value =
        answer.into_body().into_bytes().and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default();
    (status, of_error(status, &body["error"], &headers, stream_id))
}

/// Headers as the fields of an object.
pub fn fields_of(headers: &HeaderMap) -> Map<String, Value> {
    let text = |value: &HeaderValue| value.to_str().ok().map(Value::from);
    headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect()
}

/// There is no room for a message.
pub fn no_room(stream_id: Option<&str>) -> (u16, Utf8Bytes) {
    of_answer(errors::unserved(&Unserved::NoRoom, "", ""), stream_id)
}

/// `text` with `fields` beside its own; those of its `headers` are added to what it has.
pub fn with(text: &Utf8Bytes, headers: Map<String, Value>) -> Option<Utf8Bytes> {
    let Ok(Value::Object(mut event)) = serde_json::from_str::<Value>(text) else { return None };
    match event.entry("headers").or_insert_with(|| Value::Object(Map::new())) {
        Value::Object(own) => own.extend(headers),
        _ => return None,
    }
    Some(Value::Object(event).to_string().into())
}

/// `text` as one of the stream `stream_id`, unless it says of which it is.
pub fn of_stream(text: Utf8Bytes, stream_id: &str) -> Utf8Bytes {
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(mut event)) if !event.contains_key("stream_id") => {
            event.insert("stream_id".to_owned(), stream_id.into());
            Value::Object(event).to_string().into()
        }
        _ => text,
    }
}

/// `text` without the account's own credential, which an upstream may repeat.
pub fn hidden(text: Utf8Bytes, secret: &str) -> Utf8Bytes {
    let hidden = echo::without(text.as_bytes(), secret).and_then(|hidden| Utf8Bytes::try_from(hidden).ok());
    hidden.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_event_however_it_is_laid_out() {
        for (message, data) in [("{\"a\":1}", "{\"a\":1}"), ("{\n \"a\":\r\n1}\n", "{  \"a\":  1}")] {
            let event = event(message);
            assert_eq!(text(&event).as_deref(), Some(data), "{message:?}");
            assert!(event.ends_with(b"\n\n"));
        }
        assert_eq!(text(b""), None);
        assert_eq!(text(b": comment\n\n"), None);
    }

    #[test]
    fn what_is_added_stands_beside_what_is_there() {
        let text = Utf8Bytes::from(json!({ "type": "t", "headers": { "a": "1" } }).to_string());
        let added = Map::from_iter([("b".to_owned(), json!("2"))]);
        let whole: Value = serde_json::from_str(&with(&text, added).unwrap()).unwrap();
        assert_eq!(whole, json!({ "type": "t", "headers": { "a": "1", "b": "2" } }));
        let whole: Value = serde_json::from_str(&of_stream(text, "main")).unwrap();
        assert_eq!(whole["stream_id"], "main");
        let own = Utf8Bytes::from(json!({ "stream_id": "own" }).to_string());
        assert_eq!(of_stream(own.clone(), "main"), own);
        assert_eq!(hidden("a sk-0123456789 b".into(), "sk-0123456789"), "a **** b");
    }
}
