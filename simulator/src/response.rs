//! The response object and the events of its stream, in the order and with the numbers of the real servers. Both faces
//! have the same; what a request asks for, each writes into the response that has begun.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::events::{Events, event};
use crate::item::{Item, part};
use crate::words::pieces;

/// A response that has just begun, to a request that asks for nothing special.
pub(crate) fn begun(id: &str, created: i64, model: &Value) -> Value {
    json!({
        "id": id,
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "background": false,
        "completed_at": null,
        "error": null,
        "incomplete_details": null,
        "instructions": null,
        "max_output_tokens": null,
        "max_tool_calls": null,
        "model": model,
        "output": [],
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "prompt_cache_key": null,
        "reasoning": { "effort": null, "summary": null },
        "safety_identifier": null,
        "service_tier": "default",
        "store": true,
        "temperature": 1.0,
        "text": { "format": { "type": "text" }, "verbosity": "medium" },
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": null,
        "user": null,
        "metadata": {},
    })
}

/// The same response once it is completed, without its output.
pub(crate) fn completed(begun: &Value, usage: Value) -> Value {
    let mut whole = begun.clone();
    whole["status"] = json!("completed");
    whole["completed_at"] = begun["created_at"].clone();
    whole["usage"] = usage;
    whole
}

/// The events of a response of `items`, from the one that has `begun` to the `whole` one.
pub(crate) fn events(begun: &Value, items: &[Item], whole: &Value) -> Vec<Bytes> {
    let mut events = Events::new();
    events.push("response.created", &json!({ "response": begun }));
    events.push("response.in_progress", &json!({ "response": begun }));
    for (at, item) in items.iter().enumerate() {
        events.push("response.output_item.added", &json!({ "output_index": at, "item": item.added() }));
        content(&mut events, at, item);
        events.push("response.output_item.done", &json!({ "output_index": at, "item": item.done() }));
    }
    let ending = format!("response.{}", whole["status"].as_str().unwrap_or_default());
    events.push(&ending, &json!({ "response": whole }));
    events.into_bytes()
}

/// The event that ends a stream which failed after `sent` events.
pub(crate) fn failed_event(sent: usize, begun: &Value, code: &str, message: &str) -> Bytes {
    let mut failed = begun.clone();
    failed["status"] = json!("failed");
    failed["error"] = json!({ "code": code, "message": message });
    event("response.failed", sent, &json!({ "response": failed }))
}

/// What comes of `item` between its two ends.
fn content(events: &mut Events, at: usize, item: &Item) {
    let mut push = |name: &str, fields: Value| {
        let mut content = json!({ "item_id": item.id(), "output_index": at });
        for (name, value) in fields.as_object().into_iter().flatten() {
            content[name] = value.clone();
        }
        events.push(&format!("response.{name}"), &content);
    };
    let index = "content_index";
    match item {
        Item::Reasoning { summary: None, .. } | Item::Compaction { .. } => {}
        Item::Reasoning { summary: Some(summary), .. } => {
            let part = |text: &str| json!({ "summary_index": 0, "part": { "type": "summary_text", "text": text } });
            push("reasoning_summary_part.added", part(""));
            for delta in pieces(summary) {
                push("reasoning_summary_text.delta", json!({ "summary_index": 0, "delta": delta }));
            }
            push("reasoning_summary_text.done", json!({ "summary_index": 0, "text": summary }));
            push("reasoning_summary_part.done", part(summary));
        }
        Item::Message { text, refuses, .. } => {
            push("content_part.added", json!({ index: 0, "part": part("", *refuses) }));
            if *refuses {
                for delta in pieces(text) {
                    push("refusal.delta", json!({ index: 0, "delta": delta }));
                }
                push("refusal.done", json!({ index: 0, "refusal": text }));
            } else {
                for delta in pieces(text) {
                    push("output_text.delta", json!({ index: 0, "delta": delta, "logprobs": [] }));
                }
                push("output_text.done", json!({ index: 0, "text": text, "logprobs": [] }));
            }
            push("content_part.done", json!({ index: 0, "part": part(text, *refuses) }));
        }
        Item::Call { tool, is_custom, .. } => {
            // Two pieces, so that a reader cannot take the first for all of it.
            let half = tool.arguments.char_indices().nth(tool.arguments.chars().count() / 2).map_or(0, |(at, _)| at);
            let (first, second) = tool.arguments.split_at(half);
            let (name, all) =
                if *is_custom { ("custom_tool_call_input", "input") } else { ("function_call_arguments", "arguments") };
            for delta in [first, second].into_iter().filter(|delta| !delta.is_empty()) {
                push(&format!("{name}.delta"), json!({ "delta": delta }));
            }
            push(&format!("{name}.done"), json!({ all: tool.arguments }));
        }
    }
}
