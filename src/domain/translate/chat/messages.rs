//! The messages of a chat as items of the Responses API, in order: a message of the assistant becomes its text and
//! then its calls, each an item of its own.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::domain::translate::items::{input_text, message};
use crate::domain::translate::{Refused, files};

/// The items, and whether a participant's `name` was left out, for which the Responses API has no place.
pub(super) fn items(messages: &[Value]) -> Result<(Vec<Value>, bool), Refused> {
    let mut talk = Talk::default();
    for (index, message) in messages.iter().enumerate() {
        let at = format!("messages[{index}]");
        let Some(fields) = message.as_object() else {
            return Err(Refused::invalid(Some(&at), format!("`{at}` has to be an object.")));
        };
        talk.take(&at, fields)?;
    }
    Ok((talk.items, talk.has_names))
}

#[derive(Default)]
struct Talk {
    items: Vec<Value>,
    has_names: bool,
    /// The ids of the calls of custom tools: their results are told apart from those of functions.
    custom: HashSet<String>,
    /// The calls of the forerunner of tools, which have no ids but their names, and no result yet.
    legacy: Vec<(String, String)>,
    legacy_count: usize,
}

impl Talk {
    fn take(&mut self, at: &str, fields: &Map<String, Value>) -> Result<(), Refused> {
        let content = fields.get("content").unwrap_or(&Value::Null);
        match fields.get("role").and_then(Value::as_str) {
            Some("system" | "developer") => {
                self.note_name(fields);
                self.items.push(message("developer", said(at, content)?));
            }
            Some("user") => {
                self.note_name(fields);
                self.items.push(message("user", said(at, content)?));
            }
            Some("assistant") => {
                self.note_name(fields);
                self.assistant(at, fields, content)?;
            }
            Some("tool") => {
                let id = text_of(fields, "tool_call_id", at)?;
                let kind = if self.custom.contains(id) { "custom_tool_call_output" } else { "function_call_output" };
                self.items.push(json!({ "type": kind, "call_id": id, "output": output(at, content)? }));
            }
            Some("function") => {
                let name = text_of(fields, "name", at)?;
                let Some(call) = self.legacy.iter().position(|(called, _)| called == name) else {
                    let why = format!("`{at}` answers no `function_call` of `{name}`; send the call before it.");
                    return Err(Refused::invalid(Some(at), why));
                };
                let (_, id) = self.legacy.remove(call);
                let output = output(at, content)?;
                self.items.push(json!({ "type": "function_call_output", "call_id": id, "output": output }));
            }
            _ => {
                let why = "`role` has to be developer, system, user, assistant, tool or function.";
                return Err(Refused::invalid(Some(&format!("{at}.role")), why));
            }
        }
        Ok(())
    }

    fn note_name(&mut self, fields: &Map<String, Value>) {
        self.has_names |= fields.get("name").is_some_and(Value::is_string);
    }

    /// Reasoning that a client sends back as text is left out: the backend takes its own alone, encrypted.
    fn assistant(&mut self, at: &str, fields: &Map<String, Value>, content: &Value) -> Result<(), Refused> {
        if fields.get("audio").is_some_and(|audio| !audio.is_null()) {
            let why = "a ChatGPT account stores no audio; send its transcript as `content`";
            return Err(Refused::unsupported(&format!("{at}.audio"), why));
        }
        let mut parts = spoken(at, content)?;
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
            let name = text_of(called, "name", &at)?;
            self.legacy_count += 1;
            let id = format!("call_function_{}", self.legacy_count);
            self.items.push(function_call(&id, name, called));
            self.legacy.push((name.to_owned(), id));
        }
        Ok(())
    }

    fn call(&mut self, at: &str, call: &Map<String, Value>) -> Result<(), Refused> {
        let id = text_of(call, "id", at)?;
        if let Some(custom) = call.get("custom").and_then(Value::as_object) {
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

/// What a model reads: a text or parts.
fn said(at: &str, content: &Value) -> Result<Vec<Value>, Refused> {
    match content {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![input_text(text)]),
        Value::Array(parts) => {
            let place = |index| format!("{at}.content[{index}]");
            parts.iter().enumerate().map(|(index, part)| read_part(&place(index), part)).collect()
        }
        _ => Err(Refused::invalid(Some(&format!("{at}.content")), "`content` has to be a text or a list of parts.")),
    }
}

fn read_part(at: &str, part: &Value) -> Result<Value, Refused> {
    let read = read_as(at, part)?;
    files::refuse_in_part(at, &read)?;
    Ok(read)
}

fn read_as(at: &str, part: &Value) -> Result<Value, Refused> {
    match part["type"].as_str() {
        Some("text") => Ok(input_text(part["text"].as_str().unwrap_or_default())),
        Some("image_url") => {
            // Some clients give the address itself.
            let image = &part["image_url"];
            let url = if image.is_string() { image } else { &image["url"] };
            let detail = image.get("detail").filter(|detail| !detail.is_null()).cloned();
            Ok(json!({ "type": "input_image", "image_url": url, "detail": detail.unwrap_or_else(|| "auto".into()) }))
        }
        Some("file") => {
            let mut file = json!({ "type": "input_file" });
            for (name, value) in part["file"].as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
                file[name] = value.clone();
            }
            Ok(file)
        }
        // Clients that know both interfaces mix their words.
        Some("input_text" | "input_image" | "input_file") => Ok(part.clone()),
        Some("input_audio") => Err(Refused::unsupported(at, "a ChatGPT account hears no audio; send its transcript")),
        _ => Err(Refused::invalid(Some(at), format!("`{at}` has to be a text, an `image_url` or a `file`."))),
    }
}

/// What the assistant said: texts and refusals.
fn spoken(at: &str, content: &Value) -> Result<Vec<Value>, Refused> {
    let text = |text: &str| json!({ "type": "output_text", "text": text });
    match content {
        Value::Null => Ok(Vec::new()),
        Value::String(said) if said.is_empty() => Ok(Vec::new()),
        Value::String(said) => Ok(vec![text(said)]),
        Value::Array(parts) => {
            let part = |(index, part): (usize, &Value)| match part["type"].as_str() {
                Some("text" | "output_text" | "input_text") => Ok(text(part["text"].as_str().unwrap_or_default())),
                Some("refusal") => Ok(json!({ "type": "refusal", "refusal": part["refusal"] })),
                _ => {
                    let at = format!("{at}.content[{index}]");
                    let why = format!("`{at}` has to be a text or a refusal: the assistant says nothing else.");
                    Err(Refused::invalid(Some(&at), why))
                }
            };
            parts.iter().enumerate().map(part).collect()
        }
        _ => Err(Refused::invalid(Some(&format!("{at}.content")), "`content` has to be a text or a list of parts.")),
    }
}

/// What a tool gave: a text as it is, or the parts that a model reads.
fn output(at: &str, content: &Value) -> Result<Value, Refused> {
    match content {
        Value::Null => Ok("".into()),
        Value::String(_) => Ok(content.clone()),
        _ => said(at, content).map(Value::from),
    }
}
