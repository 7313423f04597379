//! The messages of a chat as items of the Responses API, in order: a message of the assistant becomes its text and
//! then its calls, each an item of its own.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::content::{output, said, spoken};
use crate::domain::translate::Refused;
use crate::domain::translate::dropped::Dropped;
use crate::domain::translate::items::message;
use crate::domain::translate::parameters::drop_others;

/// The items. What the Responses API has no place for, such as a participant's `name`, is left out and named.
pub(super) fn items(messages: &[Value], dropped: &mut Dropped) -> Result<Vec<Value>, Refused> {
    let mut talk = Talk { dropped, items: Vec::new(), custom: HashSet::new(), legacy: Vec::new(), legacy_count: 0 };
    for (index, message) in messages.iter().enumerate() {
        let at = format!("messages[{index}]");
        let Some(fields) = message.as_object() else {
            return Err(Refused::invalid(Some(&at), format!("`{at}` has to be an object.")));
        };
        talk.take(&at, fields)?;
    }
    Ok(talk.items)
}

struct Talk<'d> {
    dropped: &'d mut Dropped,
    items: Vec<Value>,
    /// The ids of the calls of custom tools: their results differ from those of functions.
    custom: HashSet<String>,
    /// The calls of the forerunner of tools, which have no ids but their names, and no result yet.
    legacy: Vec<(String, String)>,
    legacy_count: usize,
}

impl Talk<'_> {
    fn take(&mut self, at: &str, fields: &Map<String, Value>) -> Result<(), Refused> {
        let content = fields.get("content").unwrap_or(&Value::Null);
        match fields.get("role").and_then(Value::as_str) {
            Some(role @ ("system" | "developer" | "user")) => {
                drop_others(at, fields, &["type", "role", "content"], self.dropped);
                let parts = said(at, content, self.dropped)?;
                self.items.push(message(if role == "user" { role } else { "developer" }, parts));
            }
            Some("assistant") => self.assistant(at, fields, content)?,
            Some("tool") => {
                drop_others(at, fields, &["type", "role", "content", "tool_call_id"], self.dropped);
                let id = text_of(fields, "tool_call_id", at)?;
                let kind = if self.custom.contains(id) { "custom_tool_call_output" } else { "function_call_output" };
                let output = output(at, content, self.dropped)?;
                self.items.push(json!({ "type": kind, "call_id": id, "output": output }));
            }
            Some("function") => {
                drop_others(at, fields, &["type", "role", "content", "name"], self.dropped);
                let name = text_of(fields, "name", at)?;
                let Some(call) = self.legacy.iter().position(|(called, _)| called == name) else {
                    let why = format!("`{at}` has no `function_call` of `{name}` before it; send that call first.");
                    return Err(Refused::invalid(Some(at), why));
                };
                let (_, id) = self.legacy.remove(call);
                let output = output(at, content, self.dropped)?;
                self.items.push(json!({ "type": "function_call_output", "call_id": id, "output": output }));
            }
            _ => {
                let why = "`role` has to be developer, system, user, assistant, tool or function.";
                return Err(Refused::invalid(Some(&format!("{at}.role")), why));
            }
        }
        Ok(())
    }

    /// Reasoning that a client sends back as text is left out: the backend takes its own alone, encrypted.
    fn assistant(&mut self, at: &str, fields: &Map<String, Value>, content: &Value) -> Result<(), Refused> {
        if fields.get("audio").is_some_and(|audio| !audio.is_null()) {
            let why = "a ChatGPT account stores no audio; send its transcript as `content`";
            return Err(Refused::unsupported(&format!("{at}.audio"), why));
        }
        drop_others(at, fields, &["type", "role", "content", "refusal", "tool_calls", "function_call"], self.dropped);
        let mut parts = spoken(at, content, self.dropped)?;
        if let Some(refusal) = fields.get("refusal").and_then(Value::as_str).filter(|refusal| !refusal.is_empty()) {
            parts.push(json!({ "type": "refusal", "refusal": refusal }));
        }
        if !parts.is_empty() {
            self.items.push(message("assistant", parts));
        }
        let calls = fields.get("tool_calls").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (index, call) in calls.iter().enumerate() {
            let at = format!("{at}.tool_calls[{index}]");
            let Some(call) = call.as_object() else {
                return Err(Refused::invalid(Some(&at), format!("`{at}` has to be an object.")));
            };
            self.call(&at, call)?;
        }
        if let Some(called) = fields.get("function_call").and_then(Value::as_object) {
            let at = format!("{at}.function_call");
            drop_others(&at, called, &["name", "arguments"], self.dropped);
            let name = text_of(called, "name", &at)?;
            self.legacy_count += 1;
            let id = format!("call_function_{}", self.legacy_count);
            self.items.push(function_call(&id, name, called));
            self.legacy.push((name.to_owned(), id));
        }
        Ok(())
    }

    fn call(&mut self, at: &str, call: &Map<String, Value>) -> Result<(), Refused> {
        // Clients that put a stream together leave the index of the call in it.
        drop_others(at, call, &["id", "type", "index", "function", "custom"], self.dropped);
        let id = text_of(call, "id", at)?;
        if let Some(custom) = call.get("custom").and_then(Value::as_object) {
            drop_others(&format!("{at}.custom"), custom, &["name", "input"], self.dropped);
            let name = text_of(custom, "name", at)?;
            let input = custom.get("input").and_then(Value::as_str).unwrap_or_default();
            self.custom.insert(id.to_owned());
            self.items.push(json!({ "type": "custom_tool_call", "call_id": id, "name": name, "input": input }));
            return Ok(());
        }
        let Some(function) = call.get("function").and_then(Value::as_object) else {
            return Err(Refused::invalid(
                Some(at),
                format!("`{at}` has to be the call of a function or a custom tool."),
            ));
        };
        drop_others(&format!("{at}.function"), function, &["name", "arguments"], self.dropped);
        self.items.push(function_call(id, text_of(function, "name", at)?, function));
        Ok(())
    }
}

/// Arguments are a text of JSON; a client that gives the JSON itself means the same.
fn function_call(id: &str, name: &str, function: &Map<String, Value>) -> Value {
    let arguments = match function.get("arguments") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    json!({ "type": "function_call", "call_id": id, "name": name, "arguments": arguments })
}

fn text_of<'f>(fields: &'f Map<String, Value>, name: &str, at: &str) -> Result<&'f str, Refused> {
    fields.get(name).and_then(Value::as_str).ok_or_else(|| Refused::missing(&format!("{at}.{name}")))
}
