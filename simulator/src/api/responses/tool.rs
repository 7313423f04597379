//! A call of a function in place of a text.

use serde::{Serialize, Serializer};

use super::document::{Document, Item, Status};
use super::events::{OfItem, OfResponse};
use crate::events::Events;
use crate::reply::Reply;
use crate::words::ToolCall;

/// A call of a function of the client's.
#[derive(Clone, Serialize)]
pub(super) struct FunctionCall<'a> {
    id: &'a str,
    r#type: &'static str,
    status: Status,
    arguments: &'a str,
    call_id: CallId<'a>,
    name: &'a str,
}

/// What the client names in its answer: the item's id under another prefix.
#[derive(Clone, Copy)]
struct CallId<'a>(&'a str);

impl Serialize for CallId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("call_{}", self.0.trim_start_matches("fc_")))
    }
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

/// A call of `tool` of whose arguments so much is known.
pub(super) fn function_call<'a>(id: &'a str, status: Status, tool: &'a ToolCall, arguments: &'a str) -> Item<'a> {
    Item::FunctionCall(FunctionCall {
        id,
        r#type: "function_call",
        status,
        arguments,
        call_id: CallId(id),
        name: &tool.name,
    })
}
