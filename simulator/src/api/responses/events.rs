//! The events of a streamed response, in the order and with the numbers of the real server.

#[cfg(feature = "scripting")]
use bytes::Bytes;
use serde::Serialize;

use super::super::call::Call;
#[cfg(feature = "scripting")]
use super::PREFIX;
#[cfg(feature = "scripting")]
use super::document::Failure;
use super::document::{Document, OfItem, OfResponse, Part, Status, message, part};
#[cfg(feature = "scripting")]
use super::tool;
use crate::events::Events;
#[cfg(feature = "scripting")]
use crate::events::event;
use crate::reply::Reply;

/// Of one content part: the part itself, a piece of its text or all of it.
#[derive(Clone, Copy, Serialize)]
struct OfPart<'a> {
    item_id: &'a str,
    output_index: u32,
    content_index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<Part<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<[(); 0]>,
}

/// The events of a response that says its text, or calls the tool that `call` is answered with.
pub(super) fn stream<'a>(call: &'a Call, document: Document<'a>, item_id: &'a str) -> Reply {
    #[cfg(feature = "scripting")]
    if let Some(tool) = call.tool {
        return tool::call(tool, document, item_id);
    }
    say(call, document, item_id)
}

fn say<'a>(call: &'a Call, document: Document<'a>, message_id: &'a str) -> Reply {
    let item = |status, content| OfItem { output_index: 0, item: message(message_id, status, content) };
    let of_part = OfPart {
        item_id: message_id,
        output_index: 0,
        content_index: 0,
        part: None,
        delta: None,
        text: None,
        logprobs: None,
    };
    let with_part = |text| OfPart { part: Some(part(text)), ..of_part };
    let logprobs = Some([]);

    let mut events = Events::new();
    let begun = OfResponse { response: document.clone() };
    events.push("response.created", &begun);
    events.push("response.in_progress", &begun);
    events.push("response.output_item.added", &item(Status::InProgress, Vec::new()));
    events.push("response.content_part.added", &with_part(""));
    for delta in call.deltas() {
        events.push("response.output_text.delta", &OfPart { delta: Some(delta), logprobs, ..of_part });
    }
    let text = Some(call.text);
    events.push("response.output_text.done", &OfPart { text, logprobs, ..of_part });
    events.push("response.content_part.done", &with_part(call.text));
    events.push("response.output_item.done", &item(Status::Completed, vec![part(call.text)]));
    events.push("response.completed", &OfResponse { response: document.at(Status::Completed) });
    Reply::events(events.into_bytes(), 1)
}

/// The events of a response that only makes ready: it says nothing and takes nothing.
#[cfg(feature = "scripting")]
pub(super) fn warm_up(document: Document<'_>) -> Reply {
    let mut events = Events::new();
    let begun = OfResponse { response: document.clone() };
    events.push("response.created", &begun);
    events.push("response.in_progress", &begun);
    events.push("response.completed", &OfResponse { response: document.empty() });
    Reply::events(events.into_bytes(), 1)
}

/// The event that ends a stream which failed after `sent` events.
#[cfg(feature = "scripting")]
pub(in super::super) fn failed_event(call: &Call, sent: usize, code: &str, message: &str) -> Bytes {
    let (id, message_id) = (call.id(PREFIX), call.id("msg_"));
    let model = call.model();
    let document = Document::new(&id, &message_id, call, &model).failed(Failure { code, message });
    event("response.failed", sent, &OfResponse { response: document })
}
