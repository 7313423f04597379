//! The items of a conversation in the backend's words.

use serde_json::{Value, json};

use super::dropped::Dropped;

/// A message whose content is `content`, a list of parts.
pub(super) fn message(role: &str, content: Vec<Value>) -> Value {
    let mut message = json!({ "type": "message", "role": role });
    message["content"] = content.into();
    message
}

/// A part that a model reads.
pub(super) fn input_text(text: &str) -> Value {
    json!({ "type": "input_text", "text": text })
}

/// Whether the tools of a request are an item of its input, as Codex sends them for the models of today.
pub(super) fn hold_tools(input: &[Value]) -> bool {
    input.iter().any(|item| item["type"] == "additional_tools")
}

/// Takes the developer's messages that open the conversation out of `input`, as the text of the request's
/// instructions, which is what they are. They stay where something else than text is in them, and where nothing would
/// be left to answer. `None` when there are none.
pub(super) fn take_instructions(input: &mut Vec<Value>) -> Option<String> {
    let texts: Vec<String> = input.iter().map_while(developer_text).collect();
    if texts.is_empty() || texts.len() == input.len() {
        return None;
    }
    input.drain(..texts.len());
    let text = texts.join("\n\n");
    (!text.trim().is_empty()).then_some(text)
}

/// The text of a developer's message that has nothing else.
fn developer_text(item: &Value) -> Option<String> {
    let is_message = item.get("type").is_none_or(|kind| kind == "message");
    if !is_message || item["role"] != "developer" {
        return None;
    }
    match &item["content"] {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => parts.iter().map(part_text).collect::<Option<Vec<_>>>().map(|texts| texts.join("\n\n")),
        _ => None,
    }
}

fn part_text(part: &Value) -> Option<&str> {
    matches!(part["type"].as_str(), Some("input_text" | "text")).then(|| part["text"].as_str())?
}

/// Leaves out of the parts of the item at `at` where the client wants its prompt to be cached up to: the backend finds that
/// itself.
pub(super) fn drop_breakpoints(at: &str, item: &mut Value, dropped: &mut Dropped) {
    for name in ["content", "output"] {
        let parts = item.get_mut(name).and_then(Value::as_array_mut);
        for (index, part) in parts.into_iter().flatten().enumerate() {
            drop_breakpoint(&format!("{at}.{name}[{index}]"), part, dropped);
        }
    }
}

/// The same of one part.
pub(super) fn drop_breakpoint(at: &str, part: &mut Value, dropped: &mut Dropped) {
    const BREAKPOINT: &str = "prompt_cache_breakpoint";
    let removed = part.as_object_mut().and_then(|part| part.shift_remove(BREAKPOINT));
    if removed.is_some_and(|breakpoint| !breakpoint.is_null()) {
        dropped.add(&format!("{at}.{BREAKPOINT}"));
    }
}
