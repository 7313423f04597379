//! `/v1/responses`: what a call asks for, and the answer whole or as numbered events.

mod document;
mod events;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use self::document::{Document, Status};
use super::errors;
use super::reply::{Call, Reply};

pub(super) use events::failed_event;

const PREFIX: &str = "resp_";

#[derive(Deserialize)]
struct Ask<'a> {
    model: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(default)]
    prompt: Option<Value>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    store: Option<bool>,
    #[serde(default)]
    previous_response_id: Option<String>,
    #[serde(default)]
    prompt_cache_key: Option<String>,
}

pub(super) fn create(call: &Call) -> Reply {
    let Ok(ask) = serde_json::from_slice::<Ask>(call.body) else {
        return errors::not_json();
    };
    let missing = |name: &str| {
        let message = format!("Missing required parameter: '{name}'.");
        errors::invalid(Some("missing_required_parameter"), Some(name), &message)
    };
    match ask.input.map(RawValue::get) {
        None if ask.prompt.is_none() && ask.previous_response_id.is_none() => return missing("input"),
        // A text, or a list of messages and other items.
        Some(input) if !input.starts_with(['"', '[']) => {
            let message = "Invalid type for 'input': expected one of a string or an array of objects.";
            return errors::invalid(Some("invalid_type"), Some("input"), message);
        }
        None | Some(_) => {}
    }
    let Some(model) = ask.model.as_deref() else {
        return missing("model");
    };
    if let Some(previous) = ask.previous_response_id.as_deref().filter(|id| !call.owns(id, PREFIX)) {
        return errors::invalid(
            Some("previous_response_not_found"),
            Some("previous_response_id"),
            &format!("Previous response with id '{previous}' not found."),
        );
    }
    let id = call.id(PREFIX);
    let message_id = call.id("msg_");
    let document = Document::new(&id, &message_id, call, model)
        .stored(ask.store != Some(false))
        .continuing(ask.previous_response_id.as_deref())
        .cached_as(ask.prompt_cache_key.as_deref());
    if ask.stream == Some(true) {
        return events::stream(call, document, &message_id);
    }
    Reply::json(&document.at(Status::Completed)).metered()
}

/// A response made earlier for the same account; nothing of it is stored but what its id tells.
pub(super) fn retrieve(call: &Call, id: &str) -> Reply {
    if !call.owns(id, PREFIX) {
        let message = format!("Response with id '{id}' not found.");
        return errors::error(404, "invalid_request_error", None, None, &message);
    }
    let message_id = id.replacen(PREFIX, "msg_", 1);
    Reply::json(&Document::new(id, &message_id, call, "gpt-5.4").at(Status::Completed))
}
