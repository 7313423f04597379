//! A call of a function in place of a text.

use serde::Serialize;

use super::document::{Document, OfItem, OfResponse, Status, function_call};
use crate::events::Events;
use crate::reply::Reply;
use crate::words::ToolCall;

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

/// The events of a response that calls `tool`.
pub(super) fn call<'a>(tool: &'a ToolCall, document: Document<'a>, item_id: &'a str) -> Reply {
    let item = |status, arguments| OfItem { output_index: 0, item: function_call(item_id, status, tool, arguments) };
    let of_arguments = OfArguments { item_id, output_index: 0, delta: None, arguments: None };
    let all = Some(tool.arguments.as_str());

    let mut events = Events::new();
    let begun = OfResponse { response: document.clone() };
    events.push("response.created", &begun);
    events.push("response.in_progress", &begun);
    events.push("response.output_item.added", &item(Status::InProgress, ""));
    events.push("response.function_call_arguments.delta", &OfArguments { delta: all, ..of_arguments });
    events.push("response.function_call_arguments.done", &OfArguments { arguments: all, ..of_arguments });
    events.push("response.output_item.done", &item(Status::Completed, &tool.arguments));
    events.push("response.completed", &OfResponse { response: document.at(Status::Completed) });
    Reply::events(events.into_bytes(), 1)
}
