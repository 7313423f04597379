//! The tools of a chat, and which of them the model has to call. What the Responses API has at the top, chat
//! completions have one object deeper.

use serde_json::{Map, Value, json};

use crate::domain::translate::dropped::Dropped;
use crate::domain::translate::{Refused, files};

/// Rewrites the tools in `kept`. Returns whether the client uses `functions`, the predecessor of tools.
pub(super) fn translate(kept: &mut Map<String, Value>, dropped: &mut Dropped) -> Result<bool, Refused> {
    let mut tools = Vec::new();
    match kept.shift_remove("tools") {
        None => {}
        Some(Value::Array(given)) => tools.extend(given.into_iter().map(tool)),
        Some(_) => return Err(Refused::invalid(Some("tools"), "`tools` has to be a list.")),
    }
    let functions = kept.shift_remove("functions");
    let is_legacy = functions.is_some() && tools.is_empty();
    match functions {
        None => {}
        Some(Value::Array(given)) => {
            tools.extend(given.into_iter().map(|function| tool(json!({ "type": "function", "function": function }))));
        }
        Some(_) => return Err(Refused::invalid(Some("functions"), "`functions` has to be a list.")),
    }
    tools.extend(kept.shift_remove("web_search_options").map(|options| web_search(&options, dropped)));
    if !tools.is_empty() {
        let tools = Value::from(tools);
        // What a tool works with stands one object higher now.
        files::refuse_in_tools("tools", &tools)?;
        kept.insert("tools".into(), tools);
    }
    if is_legacy {
        // A client of one `function_call` reads no second.
        kept.insert("parallel_tool_calls".into(), false.into());
    }
    let called = kept.shift_remove("function_call").map(|call| match call {
        Value::Object(_) => json!({ "type": "function", "name": call["name"] }),
        other => other,
    });
    let choice = kept.shift_remove("tool_choice").map(chosen);
    if called.is_some() && choice.is_some() && called != choice {
        dropped.add("function_call");
    }
    if let Some(choice) = choice.or(called) {
        kept.insert("tool_choice".into(), choice);
    }
    Ok(is_legacy)
}

/// One tool. A function is strict only when it says so, while the Responses API takes it for strict unless it says not.
fn tool(tool: Value) -> Value {
    let mut tool = lifted(tool);
    let Some(fields) = tool.as_object_mut() else { return tool };
    match fields.get("type").and_then(Value::as_str) {
        Some("function") => {
            if fields.get("strict").is_none_or(Value::is_null) {
                fields.insert("strict".into(), false.into());
            }
            if fields.get("parameters").is_none_or(Value::is_null) {
                fields.insert("parameters".into(), json!({ "type": "object", "properties": {} }));
            }
        }
        Some("custom") => {
            if let Some(format) = fields.get_mut("format").and_then(Value::as_object_mut)
                && let Some(Value::Object(mut grammar)) = format.shift_remove("grammar")
            {
                format.append(&mut grammar);
            }
        }
        _ => {}
    }
    tool
}

/// Which tool the model has to call.
fn chosen(mut choice: Value) -> Value {
    if choice["type"] == "allowed_tools" {
        choice = lifted(choice);
        if let Some(tools) = choice.get_mut("tools").and_then(Value::as_array_mut) {
            for tool in tools {
                *tool = lifted(tool.take());
            }
        }
        return choice;
    }
    lifted(choice)
}

/// `{"type": T, T: {…}}` as `{"type": T, …}`.
fn lifted(mut deep: Value) -> Value {
    let kind = deep["type"].as_str().unwrap_or_default().to_owned();
    if let Some(fields) = deep.as_object_mut()
        && fields.get(&kind).is_some_and(Value::is_object)
        && let Some(Value::Object(mut inner)) = fields.shift_remove(&kind)
    {
        // What an inner object calls its type is not the tool's.
        inner.shift_remove("type");
        fields.append(&mut inner);
    }
    deep
}

/// The search of the web as a tool.
fn web_search(options: &Value, dropped: &mut Dropped) -> Value {
    let is_unknown = |name: &&String| !matches!(name.as_str(), "search_context_size" | "user_location");
    for name in options.as_object().into_iter().flat_map(Map::keys).filter(is_unknown) {
        dropped.add(&format!("web_search_options.{name}"));
    }
    let mut tool = json!({ "type": "web_search" });
    if let Some(size) = options.get("search_context_size") {
        tool["search_context_size"] = size.clone();
    }
    if let Some(location) = options.get("user_location").filter(|location| !location.is_null()) {
        tool["user_location"] = lifted(location.clone());
    }
    tool
}
