//! What a response consists of: reasoning, then a message or calls of tools.

use serde_json::{Value, json};

use super::asked::Asked;
use super::sealed::seal;
#[cfg(feature = "scripting")]
use super::{offered, structured};
use crate::answer::Answer;
#[cfg(feature = "scripting")]
use crate::words::ToolCall;

/// The summary of every reasoning that no script words.
const SUMMARY: &str = "**Thinking about it**";

/// An output item.
pub(super) enum Item {
    /// What was thought.
    Reasoning { id: String, summary: Option<String>, encrypted: Option<String> },
    /// What is said, or why nothing is.
    Message { id: String, text: String, refuses: bool, status: &'static str },
    /// A call of a tool of the client's; a custom one takes a text in place of arguments.
    #[cfg(feature = "scripting")]
    Call { id: String, call_id: String, tool: ToolCall, is_custom: bool, namespace: Option<String> },
    /// All of the conversation so far, which its account alone can read.
    #[cfg(feature = "scripting")]
    Compaction { id: String, encrypted: String },
}

/// The items of the answer to `asked`.
pub(super) fn items(asked: &Asked<'_>, answer: &Answer, text: &str) -> Vec<Item> {
    #[cfg(feature = "scripting")]
    if asks_for_compaction(asked.request) {
        return vec![Item::Compaction { id: asked.id("cmp_", 0), encrypted: seal(asked.account) }];
    }
    let mut items: Vec<Item> = reasoning(asked, answer).into_iter().collect();
    let first = items.len();
    #[cfg(feature = "scripting")]
    let document = structured::document(asked.request, text);
    #[cfg(feature = "scripting")]
    let text = document.as_deref().unwrap_or(text);
    let message = |text: &str, refuses, status| {
        vec![Item::Message { id: asked.id("msg_", first), text: text.to_owned(), refuses, status }]
    };
    items.extend(match answer {
        #[cfg(feature = "scripting")]
        Answer::Say(text) | Answer::Think { text, .. } => message(text, false, "completed"),
        #[cfg(feature = "scripting")]
        Answer::Refuse(why) => message(why, true, "completed"),
        #[cfg(feature = "scripting")]
        Answer::Incomplete { text } => message(text, false, "incomplete"),
        #[cfg(feature = "scripting")]
        Answer::CallTools(tools) => tools.iter().enumerate().map(|(at, tool)| call(asked, first + at, tool)).collect(),
        _ => message(text, false, "completed"),
    });
    items
}

/// Whether the conversation is to be compacted in place of going on.
#[cfg(feature = "scripting")]
fn asks_for_compaction(request: &Value) -> bool {
    request["input"].as_array().is_some_and(|items| items.iter().any(|item| item["type"] == "compaction_trigger"))
}

/// A compaction as an item.
#[cfg(feature = "scripting")]
pub(super) fn compaction(id: &str, encrypted: &str) -> Value {
    json!({ "id": id, "type": "compaction", "encrypted_content": encrypted })
}

/// A model that reasons does so before it speaks; what of it is shown is up to the request.
fn reasoning(asked: &Asked<'_>, answer: &Answer) -> Option<Item> {
    let request = asked.request;
    let include = request["include"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_sealed = include.iter().any(|each| each == "reasoning.encrypted_content");
    let effort = request["reasoning"]["effort"].as_str();
    let scripted = match answer {
        #[cfg(feature = "scripting")]
        Answer::Think { summary, .. } => Some(summary.clone()),
        _ => None::<String>,
    };
    if effort == Some("none") && scripted.is_none() || !is_sealed && effort.is_none() && scripted.is_none() {
        return None;
    }
    let wants_summary = request["reasoning"]["summary"].as_str().is_some_and(|summary| summary != "none");
    Some(Item::Reasoning {
        id: asked.id("rs_", 0),
        summary: scripted.or_else(|| wants_summary.then(|| SUMMARY.to_owned())),
        encrypted: is_sealed.then(|| seal(asked.account)),
    })
}

#[cfg(feature = "scripting")]
fn call(asked: &Asked<'_>, at: usize, tool: &ToolCall) -> Item {
    let offered = offered::named(asked.request, &tool.name);
    let is_custom = offered.as_ref().is_some_and(|offered| offered.tool["type"] == "custom");
    let namespace = offered.and_then(|offered| offered.namespace).map(str::to_owned);
    let id = asked.id(if is_custom { "ctc_" } else { "fc_" }, at);
    Item::Call { id, call_id: asked.id("call_", at), tool: tool.clone(), is_custom, namespace }
}

/// A content part with `text`.
pub(super) fn part(text: &str, refuses: bool) -> Value {
    if refuses {
        json!({ "type": "refusal", "refusal": text })
    } else {
        json!({ "type": "output_text", "annotations": [], "logprobs": [], "text": text })
    }
}

impl Item {
    pub(super) fn id(&self) -> &str {
        match self {
            Item::Reasoning { id, .. } | Item::Message { id, .. } => id,
            #[cfg(feature = "scripting")]
            Item::Call { id, .. } | Item::Compaction { id, .. } => id,
        }
    }

    pub(super) fn is_reasoning(&self) -> bool {
        matches!(self, Item::Reasoning { .. })
    }

    /// The bytes of what was said.
    pub(super) fn length(&self) -> usize {
        match self {
            Item::Reasoning { .. } => 0,
            #[cfg(feature = "scripting")]
            Item::Compaction { .. } => 0,
            Item::Message { text, .. } => text.len(),
            #[cfg(feature = "scripting")]
            Item::Call { tool, .. } => tool.name.len() + tool.arguments.len(),
        }
    }

    /// What the events of a call are named, and under which name they have all of its input.
    #[cfg(feature = "scripting")]
    pub(super) fn call_words(&self) -> (&'static str, &'static str) {
        match self {
            Item::Call { is_custom: true, .. } => ("custom_tool_call_input", "input"),
            Item::Call { .. } | Item::Reasoning { .. } | Item::Message { .. } | Item::Compaction { .. } => {
                ("function_call_arguments", "arguments")
            }
        }
    }

    /// The item before any of it is known.
    pub(super) fn added(&self) -> Value {
        match self {
            Item::Message { id, .. } => {
                json!({ "id": id, "type": "message", "status": "in_progress", "content": [], "role": "assistant" })
            }
            _ => self.document("in_progress", ""),
        }
    }

    /// The whole item.
    pub(super) fn done(&self) -> Value {
        match self {
            Item::Message { status, text, .. } => self.document(status, text),
            #[cfg(feature = "scripting")]
            Item::Call { tool, .. } => self.document("completed", &tool.arguments),
            _ => self.document("completed", ""),
        }
    }

    fn document(&self, status: &str, text: &str) -> Value {
        match self {
            Item::Reasoning { id, summary, encrypted } => {
                let is_done = status == "completed";
                let shown = summary.iter().filter(|_| is_done);
                let summary: Vec<Value> = shown.map(|text| json!({ "type": "summary_text", "text": text })).collect();
                let mut item = json!({ "id": id, "type": "reasoning", "summary": summary });
                if let Some(encrypted) = encrypted {
                    item["encrypted_content"] = json!(encrypted);
                }
                item
            }
            #[cfg(feature = "scripting")]
            Item::Compaction { id, encrypted } => compaction(id, encrypted),
            Item::Message { id, refuses, .. } => json!({
                "id": id, "type": "message", "status": status, "content": [part(text, *refuses)], "role": "assistant"
            }),
            #[cfg(feature = "scripting")]
            Item::Call { id, call_id, tool, is_custom, namespace } => {
                let (kind, said) =
                    if *is_custom { ("custom_tool_call", "input") } else { ("function_call", "arguments") };
                let mut item = json!({
                    "id": id, "type": kind, "status": status, said: text, "call_id": call_id, "name": tool.name
                });
                if let Some(namespace) = namespace {
                    item["namespace"] = json!(namespace);
                }
                item
            }
        }
    }
}
