//! The events of a response, in the order and with the numbers of the real backend.

use bytes::Bytes;
use serde_json::{Value, json};

use super::asked::Asked;
use super::output::{self, Item};
use crate::answer::Answer;
use crate::events::Events;
#[cfg(feature = "scripting")]
use crate::events::event;
use crate::usage::Usage;
use crate::words::pieces;

/// The tokens of every reasoning.
const REASONING_TOKENS: u64 = 64;

/// A response.
pub(super) struct Made {
    #[cfg(feature = "scripting")]
    pub(super) id: String,
    pub(super) events: Vec<Bytes>,
    /// The response as it began.
    #[cfg(feature = "scripting")]
    pub(super) begun: Value,
    /// Its items.
    #[cfg(feature = "scripting")]
    pub(super) output: Vec<Value>,
}

/// A response; `text` is what the server says when nothing else is scripted.
pub(super) fn made(asked: &Asked<'_>, answer: &Answer, text: &str) -> Made {
    response(asked, answer, &output::items(asked, answer, text), usage)
}

/// A response without output, which costs nothing.
#[cfg(feature = "scripting")]
pub(super) fn warm_up(asked: &Asked<'_>) -> Made {
    response(asked, &Answer::Normal, &[], |_, _| json!(Usage::NONE.responses(0)))
}

fn response(asked: &Asked<'_>, answer: &Answer, items: &[Item], usage: fn(&Asked<'_>, &[Item]) -> Value) -> Made {
    let begun = begun(asked);
    let mut events = Events::new();
    events.push("response.created", &json!({ "response": begun }));
    events.push("response.in_progress", &json!({ "response": begun }));
    for (at, item) in items.iter().enumerate() {
        events.item(at, item);
    }
    #[cfg(feature = "scripting")]
    let output: Vec<Value> = items.iter().map(Item::done).collect();
    let mut whole = begun.clone();
    whole["usage"] = usage(asked, items);
    #[cfg(feature = "scripting")]
    if asked.output_in_completed {
        whole["output"] = json!(output);
    }
    if answer.is_incomplete() {
        whole["status"] = json!("incomplete");
        whole["incomplete_details"] = json!({ "reason": "max_output_tokens" });
        events.push("response.incomplete", &json!({ "response": whole }));
    } else {
        whole["status"] = json!("completed");
        whole["completed_at"] = json!(asked.created);
        events.push("response.completed", &json!({ "response": whole }));
    }
    Made {
        events: events.into_bytes(),
        #[cfg(feature = "scripting")]
        id: begun["id"].as_str().unwrap_or_default().to_owned(),
        #[cfg(feature = "scripting")]
        begun,
        #[cfg(feature = "scripting")]
        output,
    }
}

fn begun(asked: &Asked<'_>) -> Value {
    let request = asked.request;
    let or =
        |name: &str, otherwise: Value| request.get(name).filter(|value| !value.is_null()).cloned().unwrap_or(otherwise);
    json!({
        "id": asked.id("resp_", usize::MAX >> 33),
        "object": "response",
        "created_at": asked.created,
        "status": "in_progress",
        "background": false,
        "completed_at": null,
        "error": null,
        "incomplete_details": null,
        "instructions": request["instructions"],
        "max_output_tokens": null,
        "max_tool_calls": null,
        "model": request["model"],
        "output": [],
        "parallel_tool_calls": or("parallel_tool_calls", json!(true)),
        "previous_response_id": null,
        "prompt_cache_key": request["prompt_cache_key"],
        "reasoning": { "effort": request["reasoning"]["effort"], "summary": request["reasoning"]["summary"] },
        "safety_identifier": format!("user-simulated-{}", asked.account.0),
        "service_tier": or("service_tier", json!("auto")),
        "store": false,
        "temperature": 1.0,
        "text": or("text", json!({ "format": { "type": "text" }, "verbosity": "medium" })),
        "tool_choice": or("tool_choice", json!("auto")),
        "tools": or("tools", json!([])),
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": null,
        "user": null,
        "metadata": {},
    })
}

/// Follows from the lengths, so that tests can foresee it: four bytes are a token, and a reasoning takes 64.
fn usage(asked: &Asked<'_>, items: &[Item]) -> Value {
    let usage = Usage::of(asked.length, items.iter().map(Item::length).sum());
    #[cfg(feature = "scripting")]
    let usage = Usage { cached: asked.cached.min(usage.input), ..usage };
    #[cfg(not(feature = "scripting"))]
    let usage = Usage { cached: 0, ..usage };
    let reasoning = if items.iter().any(Item::is_reasoning) { REASONING_TOKENS } else { 0 };
    json!(usage.responses(reasoning))
}

/// The event that ends a stream which failed after `sent` events.
#[cfg(feature = "scripting")]
pub(super) fn failed_event(sent: usize, begun: &Value, code: &str, message: &str) -> Bytes {
    let mut failed = begun.clone();
    failed["status"] = json!("failed");
    failed["error"] = json!({ "code": code, "message": message });
    event("response.failed", sent, &json!({ "response": failed }))
}

impl Events {
    fn item(&mut self, at: usize, item: &Item) {
        self.push("response.output_item.added", &json!({ "output_index": at, "item": item.added() }));
        let of = |names: Value| {
            let mut content = json!({ "item_id": item.id(), "output_index": at });
            for (name, value) in names.as_object().into_iter().flatten() {
                content[name] = value.clone();
            }
            content
        };
        match item {
            Item::Reasoning { summary: None, .. } => {}
            #[cfg(feature = "scripting")]
            Item::Compaction { .. } => {}
            Item::Reasoning { summary: Some(summary), .. } => {
                let part = |text: &str| json!({ "type": "summary_text", "text": text });
                let name = |name: &str| format!("response.reasoning_summary_{name}");
                self.push(&name("part.added"), &of(json!({ "summary_index": 0, "part": part("") })));
                for delta in pieces(summary) {
                    self.push(&name("text.delta"), &of(json!({ "summary_index": 0, "delta": delta })));
                }
                self.push(&name("text.done"), &of(json!({ "summary_index": 0, "text": summary })));
                self.push(&name("part.done"), &of(json!({ "summary_index": 0, "part": part(summary) })));
            }
            Item::Message { text, refuses, .. } => {
                let index = "content_index";
                let opened = output::part("", *refuses);
                self.push("response.content_part.added", &of(json!({ index: 0, "part": opened })));
                if *refuses {
                    for delta in pieces(text) {
                        self.push("response.refusal.delta", &of(json!({ index: 0, "delta": delta })));
                    }
                    self.push("response.refusal.done", &of(json!({ index: 0, "refusal": text })));
                } else {
                    for delta in pieces(text) {
                        let content = json!({ index: 0, "delta": delta, "logprobs": [] });
                        self.push("response.output_text.delta", &of(content));
                    }
                    self.push("response.output_text.done", &of(json!({ index: 0, "text": text, "logprobs": [] })));
                }
                let closed = output::part(text, *refuses);
                self.push("response.content_part.done", &of(json!({ index: 0, "part": closed })));
            }
            #[cfg(feature = "scripting")]
            Item::Call { tool, .. } => {
                // Two pieces, so that a reader cannot take the first for all of it.
                let half =
                    tool.arguments.char_indices().nth(tool.arguments.chars().count() / 2).map_or(0, |(at, _)| at);
                let (first, second) = tool.arguments.split_at(half);
                let (name, all) = item.call_words();
                for delta in [first, second].into_iter().filter(|delta| !delta.is_empty()) {
                    self.push(&format!("response.{name}.delta"), &of(json!({ "delta": delta })));
                }
                self.push(&format!("response.{name}.done"), &of(json!({ all: tool.arguments })));
            }
        }
        self.push("response.output_item.done", &json!({ "output_index": at, "item": item.done() }));
    }
}
