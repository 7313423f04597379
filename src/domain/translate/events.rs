//! The backend's events.

use serde_json::Value;

use crate::domain::event_stream::Event;
use crate::domain::lenient_json;

/// No event may be longer, in bytes: what never ends must not fill the memory.
pub(super) const LONGEST_EVENT: usize = 16 * 1024 * 1024;

/// The data of an event as JSON, an object that says its `type`. `Value::Null` when it is none.
pub(super) fn value(event: &Event<'_>) -> Value {
    match lenient_json::parse(&event.data) {
        Ok(Value::Object(mut fields)) => {
            if !fields.get("type").is_some_and(Value::is_string) {
                // An error that says nothing but itself ends the stream too.
                let is_bare = event.name.is_empty() && fields.get("error").is_some_and(Value::is_object);
                let kind = if is_bare { "error" } else { event.name };
                if !kind.is_empty() {
                    fields.insert("type".into(), kind.into());
                }
            }
            fields.into()
        }
        // An error ends the stream in every form.
        _ if event.name == "error" => serde_json::json!({ "type": "error" }),
        _ => Value::Null,
    }
}

/// Whether an event ends its stream.
pub(super) fn is_last(event: &Value) -> bool {
    match event["type"].as_str() {
        Some("response.completed" | "response.incomplete") => event["response"].is_object(),
        Some(kind) => is_failure(kind),
        None => false,
    }
}

/// Whether an event of this type means that there is no answer.
pub(super) fn is_failure(kind: &str) -> bool {
    matches!(kind, "response.failed" | "error")
}
