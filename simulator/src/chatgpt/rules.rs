//! What the backend takes: fewer parameters and stricter ones than the API.

use bytes::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::account::Account;
use super::caller::Caller;
use super::encoding::plain;
use super::{lite, owned};
use crate::reply::Reply;

/// The parameters that it knows.
const KNOWN: [&str; 14] = [
    "model",
    "instructions",
    "input",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning",
    "store",
    "stream",
    "include",
    "service_tier",
    "prompt_cache_key",
    "text",
    "client_metadata",
];

/// What an answer can have beside what it always has.
const INCLUDABLE: [&str; 9] = [
    "reasoning.encrypted_content",
    "output.encrypted_content",
    "message.output_text.logprobs",
    "message.input_image.image_url",
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
];

/// The longest id of a call, in characters.
const LONGEST_CALL_ID: usize = 64;

/// The request in `body`, or why it is none.
pub(super) fn read(head: &Parts, body: &Bytes) -> Result<Value, Reply> {
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("application/json") {
        return Err(Reply::detail(400, "Unsupported content type"));
    }
    // The real one reads any depth, and no half of a pair.
    let body = plain(head, body)?;
    let mut reader = serde_json::Deserializer::from_slice(&body);
    reader.disable_recursion_limit();
    Value::deserialize(&mut reader).map_err(|_| Reply::detail(400, "Invalid JSON"))
}

/// Whether `request` of `caller` breaks no rule; else the refusal.
pub(super) fn checked(caller: &Caller, request: &Value) -> Result<(), Reply> {
    let is_lite = lite::is_marked(caller, request) || lite::holds_tools(request);
    let refused = |detail: &str| Err(Reply::detail(400, detail));
    let Value::Object(request) = request else {
        return refused("Invalid JSON");
    };
    if let Some(unknown) = request.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return refused(&format!("Unsupported parameter: {unknown}"));
    }
    if !is_text(request, "model") {
        return refused("Model is required");
    }
    // Empty ones will do, and in Lite the input has them.
    if !request.get("instructions").is_some_and(Value::is_string) && !is_lite {
        return refused("Instructions are required");
    }
    if request.get("store") != Some(&Value::Bool(false)) {
        return refused("Store must be set to false");
    }
    if request.get("stream") != Some(&Value::Bool(true)) {
        return refused("Stream must be set to true");
    }
    includes_checked(request)?;
    let Some(Value::Array(items)) = request.get("input") else {
        return refused("Input must be a list");
    };
    for (at, item) in items.iter().enumerate() {
        item_checked(caller.account, at, item, items)?;
    }
    tools_checked(request)
}

fn includes_checked(request: &Map<String, Value>) -> Result<(), Reply> {
    let names = match request.get("include") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(names)) => names,
        Some(_) => return Err(invalid("include", "Invalid type for 'include': expected an array of strings.")),
    };
    for (at, name) in names.iter().enumerate() {
        let param = format!("include[{at}]");
        if !name.as_str().is_some_and(|name| INCLUDABLE.contains(&name)) {
            let supported = INCLUDABLE.map(|name| format!("'{name}'")).join(", ");
            return Err(invalid(&param, &format!("Invalid value: {name}. Supported values are: {supported}.")));
        }
        if names[..at].contains(name) {
            return Err(invalid(&param, &format!("Invalid 'include': duplicate value {name}.")));
        }
    }
    Ok(())
}

fn is_text(object: &Map<String, Value>, name: &str) -> bool {
    object.get(name).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty())
}

fn item_checked(account: Account, at: usize, item: &Value, items: &[Value]) -> Result<(), Reply> {
    let Value::Object(fields) = item else {
        return Err(invalid(&format!("input[{at}]"), "Invalid type: expected an object."));
    };
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or("message");
    let id = fields.get("id").and_then(Value::as_str);
    // Nothing is stored, so that a reference alone leads nowhere; a whole item may have the id that it was given here, or the
    // one that Codex gave to what it wrote itself.
    let may_have = |id: &str| owned::is_of(account, id) || owned::is_of_a_client(id);
    if kind == "item_reference" || id.is_some_and(|id| !may_have(id)) {
        let id = id.unwrap_or_default();
        let message = format!(
            "Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again with \
             `store` set to true, or remove this item from your input."
        );
        return Err(Reply::error(404, "invalid_request_error", None, Some("input"), &message));
    }
    match kind {
        "message" => message_checked(at, fields),
        "reasoning" if !fields.get("summary").is_some_and(Value::is_array) => {
            Err(Reply::missing(&format!("input[{at}].summary")))
        }
        "function_call" => paired(items, at, fields, "function_call_output", "No tool output found for function call"),
        "function_call_output" => {
            paired(items, at, fields, "function_call", "No tool call found for function call output with call_id")
        }
        "custom_tool_call" => {
            paired(items, at, fields, "custom_tool_call_output", "No tool output found for custom tool call")
        }
        "custom_tool_call_output" => {
            paired(items, at, fields, "custom_tool_call", "No tool call found for custom tool call output with call_id")
        }
        _ => Ok(()),
    }
}

/// A call needs its output, and an output its call.
fn paired(items: &[Value], at: usize, fields: &Map<String, Value>, other: &str, complaint: &str) -> Result<(), Reply> {
    let Some(call_id) = fields.get("call_id").and_then(Value::as_str) else {
        return Err(Reply::missing(&format!("input[{at}].call_id")));
    };
    let length = call_id.chars().count();
    if length > LONGEST_CALL_ID {
        let param = format!("input[{at}].call_id");
        let message = format!(
            "Invalid '{param}': string too long. Expected a string with maximum length {LONGEST_CALL_ID}, but got a \
             string with length {length} instead."
        );
        return Err(Reply::invalid(Some("string_above_max_length"), Some(&param), &message));
    }
    let has_other = items.iter().any(|item| item["type"] == *other && item["call_id"] == *call_id);
    if has_other { Ok(()) } else { Err(invalid("input", &format!("{complaint} {call_id}."))) }
}

fn message_checked(at: usize, fields: &Map<String, Value>) -> Result<(), Reply> {
    let allowed: &[&str] = match fields.get("role").and_then(Value::as_str) {
        Some("system") => return Err(Reply::detail(400, "System messages are not allowed")),
        Some("assistant") => &["output_text", "refusal"],
        Some("user" | "developer") => &["input_text", "input_image", "input_file"],
        _ => {
            let message = "Invalid value. Supported values are: 'assistant', 'developer', and 'user'.";
            return Err(invalid(&format!("input[{at}].role"), message));
        }
    };
    let parts = match fields.get("content") {
        Some(Value::String(_)) => return Ok(()),
        Some(Value::Array(parts)) => parts,
        _ => return Err(Reply::missing(&format!("input[{at}].content"))),
    };
    for (part_at, part) in parts.iter().enumerate() {
        let kind = part["type"].as_str().unwrap_or_default();
        if !allowed.contains(&kind) {
            let supported = allowed.iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(", ");
            let message = format!("Invalid value: '{kind}'. Supported values are: {supported}.");
            return Err(invalid(&format!("input[{at}].content[{part_at}]"), &message));
        }
    }
    Ok(())
}

/// Tools and a schema have their names beside their type, not one level down as in chat completions.
fn tools_checked(request: &Map<String, Value>) -> Result<(), Reply> {
    let tools = request.get("tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (at, tool) in tools.iter().enumerate() {
        match tool["type"].as_str() {
            None => return Err(Reply::missing(&format!("tools[{at}].type"))),
            Some("function" | "custom") if !tool["name"].is_string() => {
                return Err(Reply::missing(&format!("tools[{at}].name")));
            }
            Some(_) => {}
        }
    }
    let format = request.get("text").map_or(&Value::Null, |text| &text["format"]);
    if format["type"] == "json_schema" {
        for name in ["name", "schema"] {
            if format[name].is_null() {
                return Err(Reply::missing(&format!("text.format.{name}")));
            }
        }
    }
    Ok(())
}

fn invalid(param: &str, message: &str) -> Reply {
    Reply::invalid(Some("invalid_value"), Some(param), message)
}
