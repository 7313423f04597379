//! The events of a streamed response, in the order and with the numbers of the real server.

use bytes::Bytes;
use serde::Serialize;

use super::super::reply::{Call, Dialect, Reply};
use super::PREFIX;
use super::document::{Document, Failure, Item, Part, Status, function_call, message, part};
use crate::words::ToolCall;

#[derive(Serialize)]
struct Numbered<'a, T> {
    r#type: &'static str,
    sequence_number: usize,
    #[serde(flatten)]
    content: &'a T,
}

#[derive(Serialize)]
struct OfResponse<'a> {
    response: Document<'a>,
}

#[derive(Serialize)]
struct OfItem<'a> {
    output_index: u32,
    item: Item<'a>,
}

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

/// Of a function call's arguments: a piece of them or all.
#[derive(Clone, Copy, Serialize)]
struct OfArguments<'a> {
    item_id: &'a str,
    output_index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a str>,
}

pub(super) fn stream<'a>(call: &'a Call, document: Document<'a>, item_id: &'a str) -> Reply {
    match call.tool {
        None => say(call, document, item_id),
        Some(tool) => call_tool(tool, document, item_id),
    }
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

    let mut events = Events(Vec::with_capacity(16));
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
    Reply::events(events.0, 1, Dialect::Responses)
}

fn call_tool<'a>(tool: &'a ToolCall, document: Document<'a>, item_id: &'a str) -> Reply {
    let item = |status, arguments| OfItem { output_index: 0, item: function_call(item_id, status, tool, arguments) };
    let of_arguments = OfArguments { item_id, output_index: 0, delta: None, arguments: None };
    let all = Some(tool.arguments.as_str());

    let mut events = Events(Vec::with_capacity(7));
    let begun = OfResponse { response: document.clone() };
    events.push("response.created", &begun);
    events.push("response.in_progress", &begun);
    events.push("response.output_item.added", &item(Status::InProgress, ""));
    events.push("response.function_call_arguments.delta", &OfArguments { delta: all, ..of_arguments });
    events.push("response.function_call_arguments.done", &OfArguments { arguments: all, ..of_arguments });
    events.push("response.output_item.done", &item(Status::Completed, &tool.arguments));
    events.push("response.completed", &OfResponse { response: document.at(Status::Completed) });
    Reply::events(events.0, 1, Dialect::Responses)
}

/// The events of a response that only makes ready: it says nothing and takes nothing.
pub(super) fn warm_up(document: Document<'_>) -> Reply {
    let mut events = Events(Vec::with_capacity(3));
    let begun = OfResponse { response: document.clone() };
    events.push("response.created", &begun);
    events.push("response.in_progress", &begun);
    events.push("response.completed", &OfResponse { response: document.empty() });
    Reply::events(events.0, 1, Dialect::Responses)
}

/// The event that ends a stream which failed after `sent` events.
pub(in super::super) fn failed_event(call: &Call, sent: usize, code: &str, message: &str) -> Bytes {
    let (id, message_id) = (call.id(PREFIX), call.id("msg_"));
    let model = super::super::errors::model(call);
    let document = Document::new(&id, &message_id, call, &model).failed(Failure { code, message });
    event("response.failed", sent, &OfResponse { response: document })
}

struct Events(Vec<Bytes>);

impl Events {
    fn push(&mut self, name: &'static str, content: &impl Serialize) {
        let event = event(name, self.0.len(), content);
        self.0.push(event);
    }
}

fn event(name: &'static str, sequence_number: usize, content: &impl Serialize) -> Bytes {
    let mut event = format!("event: {name}\ndata: ").into_bytes();
    let numbered = Numbered { r#type: name, sequence_number, content };
    serde_json::to_writer(&mut event, &numbered).expect("the events here have string keys only");
    event.extend_from_slice(b"\n\n");
    event.into()
}
