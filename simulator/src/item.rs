//! The items that a response consists of, as both faces write them: reasoning, messages, calls of tools, compactions.

use serde_json::{Value, json};

use crate::words::ToolCall;

/// An output item.
pub(crate) enum Item {
    /// What was thought.
    Reasoning { id: String, summary: Option<String>, encrypted: Option<String> },
    /// What is said, or why nothing is.
    Message { id: String, text: String, refuses: bool, status: &'static str },
    /// A call of a tool of the client's; a custom one takes a text in place of arguments.
    Call { id: String, call_id: String, tool: ToolCall, is_custom: bool, namespace: Option<String> },
    /// All of the conversation so far, which its account alone can read.
    Compaction { id: String, encrypted: String },
}

/// A content part with `text`.
pub(crate) fn part(text: &str, refuses: bool) -> Value {
    if refuses {
        json!({ "type": "refusal", "refusal": text })
    } else {
        json!({ "type": "output_text", "annotations": [], "logprobs": [], "text": text })
    }
}

impl Item {
    pub(crate) fn id(&self) -> &str {
        match self {
            Item::Reasoning { id, .. }
            | Item::Message { id, .. }
            | Item::Call { id, .. }
            | Item::Compaction { id, .. } => id,
        }
    }

    pub(crate) fn is_reasoning(&self) -> bool {
        matches!(self, Item::Reasoning { .. })
    }

    /// The bytes of what was said.
    pub(crate) fn length(&self) -> usize {
        match self {
            Item::Reasoning { .. } | Item::Compaction { .. } => 0,
            Item::Message { text, .. } => text.len(),
            Item::Call { tool, .. } => tool.name.len() + tool.arguments.len(),
        }
    }

    /// The item before any of it is known.
    pub(crate) fn added(&self) -> Value {
        match self {
            Item::Message { id, .. } => {
                json!({ "id": id, "type": "message", "status": "in_progress", "content": [], "role": "assistant" })
            }
            _ => self.document("in_progress", ""),
        }
    }

    /// The whole item.
    pub(crate) fn done(&self) -> Value {
        match self {
            Item::Message { status, text, .. } => self.document(status, text),
            Item::Call { tool, .. } => self.document("completed", &tool.arguments),
            _ => self.document("completed", ""),
        }
    }

    fn document(&self, status: &str, text: &str) -> Value {
        match self {
            Item::Reasoning { id, summary, encrypted } => {
                let shown = summary.iter().filter(|_| status == "completed");
                let summary: Vec<Value> = shown.map(|text| json!({ "type": "summary_text", "text": text })).collect();
                let mut item = json!({ "id": id, "type": "reasoning", "summary": summary });
                if let Some(encrypted) = encrypted {
                    item["encrypted_content"] = json!(encrypted);
                }
                item
            }
            Item::Compaction { id, encrypted } => {
                json!({ "id": id, "type": "compaction", "encrypted_content": encrypted })
            }
            Item::Message { id, refuses, .. } => json!({
                "id": id, "type": "message", "status": status, "content": [part(text, *refuses)], "role": "assistant"
            }),
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
