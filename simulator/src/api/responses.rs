//! `/v1/responses`: what a call asks for, and the answer whole or as numbered events.

mod background;

use std::collections::HashSet;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::call::Call;
use super::errors;
use crate::item::Item;
use crate::reply::Reply;
use crate::response;
use crate::usage::{Usage, processed_in};
use background::Background;

const PREFIX: &str = "resp_";

#[derive(Deserialize)]
struct Ask<'a> {
    model: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    prompt: Option<Value>,
    stream: Option<bool>,
    generate: Option<bool>,
    store: Option<bool>,
    previous_response_id: Option<String>,
    prompt_cache_key: Option<String>,
    service_tier: Option<String>,
    background: Option<bool>,
}

/// A response over HTTP.
pub(super) fn create(call: &Call) -> Reply {
    answer(call, None)
}

/// A response in a socket in which the responses `made` came before; its own id is among them from now on.
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
    match ask.input.map(RawValue::get) {
        None if ask.prompt.is_none() && ask.previous_response_id.is_none() => return Reply::missing("input"),
        // A text, or a list of messages and other items.
        Some(input) if !input.starts_with(['"', '[']) => {
            let message = "Invalid type for 'input': expected one of a string or an array of objects.";
            return Reply::invalid(Some("invalid_type"), Some("input"), message);
        }
        None | Some(_) => {}
    }
    let Some(model) = ask.model.as_deref() else {
        return Reply::missing("model");
    };
    let is_known = |id: &str| call.owns(id, PREFIX) || made.is_some_and(|made| made.contains(id));
    if let Some(previous) = ask.previous_response_id.as_deref().filter(|id| !is_known(id)) {
        return Reply::no_previous_response(previous);
    }
    // What is not stored belongs to nobody: its id is found in the socket that made it, and nowhere else.
    let is_stored = ask.store != Some(false);
    let tier = processed_in(ask.service_tier.as_deref());
    if ask.background == Some(true) && made.is_none() {
        if !is_stored {
            return Reply::invalid(None, Some("background"), "Background responses require 'store' to be true.");
        }
        return Background::begin(call, model, tier, ask.stream == Some(true));
    }
    let id = if made.is_some() && !is_stored { call.unowned_id(PREFIX) } else { call.id(PREFIX) };
    let mut response = Response::new(call, &id, &call.id(""), model);
    response.begun["previous_response_id"] = json!(ask.previous_response_id);
    response.begun["prompt_cache_key"] = json!(ask.prompt_cache_key);
    response.begun["service_tier"] = json!(tier);
    response.begun["store"] = json!(is_stored);
    if made.is_some() && ask.generate == Some(false) {
        let whole = response::completed(&response.begun, Usage::NONE.responses(0));
        return Reply::events(response::events(&response.begun, &[], &whole), 1);
    }
    response.reply(made.is_some() || ask.stream == Some(true))
}

/// Ends a response that goes on; one that has ended stays as it is.
pub(super) fn cancel(call: &Call, id: &str) -> Reply {
    match Background::of(id).filter(|_| call.owns(id, PREFIX)) {
        Some(background) => background.poll(call, id),
        None => Reply::invalid(None, None, "Only responses with background=true can be cancelled."),
    }
}

/// A response made earlier for the same account; nothing of it is stored but what its id tells.
pub(super) fn retrieve(call: &Call, id: &str) -> Reply {
    if !call.owns(id, PREFIX) {
        let message = format!("Response with id '{id}' not found.");
        return Reply::error(404, "invalid_request_error", None, None, &message);
    }
    if let Some(background) = Background::of(id) {
        return background.poll(call, id);
    }
    Response::new(call, id, &id[PREFIX.len()..], "gpt-5.4").reply(false)
}

/// The event that ends a stream which failed after `sent` events.
pub(super) fn failed_event(call: &Call, sent: usize, code: &str, message: &str) -> Bytes {
    let begun = response::begun(&call.id(PREFIX), call.created, &json!(call.model()));
    response::failed_event(sent, &begun, code, message)
}

/// A response that says the text of its call, or calls a tool.
struct Response {
    begun: Value,
    item: Item,
    usage: Usage,
}

impl Response {
    /// The one with this id to `call`; the id of its item ends in `item`.
    fn new(call: &Call, id: &str, item: &str, model: &str) -> Response {
        let item = match call.tool.cloned() {
            Some(tool) => {
                let (id, call_id) = (format!("fc_{item}"), format!("call_{item}"));
                Item::Call { id, call_id, tool, is_custom: false, namespace: None }
            }
            None => {
                let (id, text) = (format!("msg_{item}"), call.text.to_owned());
                Item::Message { id, text, refuses: false, status: "completed" }
            }
        };
        Response { begun: response::begun(id, call.created, &json!(model)), item, usage: call.usage() }
    }

    /// The response once it is completed, as a document or as the events that lead there.
    fn reply(&self, streams: bool) -> Reply {
        let mut whole = response::completed(&self.begun, self.usage.responses(0));
        whole["output"] = json!([self.item.done()]);
        if streams {
            return Reply::events(response::events(&self.begun, std::slice::from_ref(&self.item), &whole), 1);
        }
        Reply::json(200, &whole)
    }
}
