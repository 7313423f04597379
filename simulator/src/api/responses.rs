//! `/v1/responses`: what a call asks for, and the answer whole or as numbered events.

#[cfg(feature = "scripting")]
mod background;
mod document;
mod events;
#[cfg(feature = "scripting")]
mod tool;

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use self::document::{Document, Status};
use super::call::Call;
use super::errors;
use crate::reply::Reply;
use crate::usage::processed_in;
#[cfg(feature = "scripting")]
use background::Background;

#[cfg(feature = "scripting")]
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
    #[cfg(feature = "scripting")]
    #[serde(default)]
    generate: Option<bool>,
    #[serde(default)]
    store: Option<bool>,
    #[serde(default)]
    previous_response_id: Option<String>,
    #[serde(default)]
    prompt_cache_key: Option<String>,
    #[serde(default)]
    service_tier: Option<String>,
    #[cfg(feature = "scripting")]
    #[serde(default)]
    background: Option<bool>,
}

/// A response over HTTP.
pub(super) fn create(call: &Call) -> Reply {
    answer(call, None)
}

/// A response in a socket in which the responses `made` came before; its own id is among them from now on.
#[cfg(feature = "scripting")]
pub(super) fn create_in_socket(call: &Call, made: &mut HashSet<String>) -> Reply {
    let reply = answer(call, Some(made));
    if reply.status == 200 {
        made.extend([call.id(PREFIX), call.unowned_id(PREFIX)]);
    }
    reply
}

/// A response; `made` are those that came before in its socket, where it is in one.
fn answer(call: &Call, made: Option<&HashSet<String>>) -> Reply {
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
    let is_known = |id: &str| call.owns(id, PREFIX) || made.is_some_and(|made| made.contains(id));
    if let Some(previous) = ask.previous_response_id.as_deref().filter(|id| !is_known(id)) {
        return errors::invalid(
            Some("previous_response_not_found"),
            Some("previous_response_id"),
            &format!("Previous response with id '{previous}' not found."),
        );
    }
    // What is not stored belongs to nobody: its id is found in the socket that made it, and nowhere else.
    let is_stored = ask.store != Some(false);
    let tier = processed_in(ask.service_tier.as_deref());
    #[cfg(feature = "scripting")]
    if ask.background == Some(true) && made.is_none() {
        if !is_stored {
            return errors::invalid(None, Some("background"), "Background responses require 'store' to be true.");
        }
        return Background::begin(call, model, tier, ask.stream == Some(true));
    }
    #[cfg(feature = "scripting")]
    let id = if made.is_some() && !is_stored { call.unowned_id(PREFIX) } else { call.id(PREFIX) };
    #[cfg(feature = "scripting")]
    let item_id = call.id(if call.tool.is_some() { "fc_" } else { "msg_" });
    #[cfg(not(feature = "scripting"))]
    let (id, item_id) = (call.id(PREFIX), call.id("msg_"));
    let document = Document::new(&id, &item_id, call, model)
        .stored(is_stored)
        .tiered(tier)
        .continuing(ask.previous_response_id.as_deref())
        .cached_as(ask.prompt_cache_key.as_deref());
    #[cfg(feature = "scripting")]
    if made.is_some() && ask.generate == Some(false) {
        return events::warm_up(document);
    }
    if made.is_some() || ask.stream == Some(true) {
        return events::stream(call, document, &item_id);
    }
    Reply::json(200, &document.at(Status::Completed))
}

/// Ends a response that goes on; one that has ended stays as it is.
#[cfg(feature = "scripting")]
pub(super) fn cancel(call: &Call, id: &str) -> Reply {
    match Background::of(id).filter(|_| call.owns(id, PREFIX)) {
        Some(background) => background.poll(call, id),
        None => errors::invalid(None, None, "Only responses with background=true can be cancelled."),
    }
}

/// A response made earlier for the same account; nothing of it is stored but what its id tells.
#[cfg(feature = "scripting")]
pub(super) fn retrieve(call: &Call, id: &str) -> Reply {
    if !call.owns(id, PREFIX) {
        let message = format!("Response with id '{id}' not found.");
        return Reply::error(404, "invalid_request_error", None, None, &message);
    }
    if let Some(background) = Background::of(id) {
        return background.poll(call, id);
    }
    let message_id = id.replacen(PREFIX, "msg_", 1);
    Reply::json(200, &Document::new(id, &message_id, call, "gpt-5.4").at(Status::Completed))
}
