//! A request of `POST /v1/responses`: it is in the backend's words already, but for what only a store makes possible.

use serde_json::{Map, Value};

use super::{Asked, Refused, files, items, parameters};

/// Items whose `status` says nothing to the model. Those of tools that the provider runs have to have theirs.
const WITHOUT_STATUS: [&str; 6] =
    ["message", "reasoning", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"];

/// The request for `body` without its `input`, which is the `conversation`. Where the client gives both instructions and
/// messages of a developer, both stay as they are.
pub(super) fn request(body: &Map<String, Value>, conversation: Option<Value>) -> Result<Asked, Refused> {
    let mut settled = parameters::settle(body, "input")?;
    if body.get("stream_options").is_some_and(|options| options["include_obfuscation"] == false) {
        settled.dropped.push("stream_options");
    }
    Ok(Asked {
        instructions: parameters::instructions(body),
        input: input(conversation)?,
        include: parameters::include(body)?,
        kept: settled.kept,
        dropped: settled.dropped,
        legacy_functions: false,
    })
}

fn input(input: Option<Value>) -> Result<Vec<Value>, Refused> {
    match input {
        None | Some(Value::Null) => Err(Refused::missing("input")),
        Some(Value::String(text)) => Ok(vec![items::message("user", vec![items::input_text(&text)])]),
        Some(Value::Array(list)) => {
            list.into_iter().enumerate().filter_map(|(index, given)| item(index, given).transpose()).collect()
        }
        Some(_) => Err(Refused::invalid(Some("input"), "`input` has to be a text or a list of items.")),
    }
}

/// An item without what only a store could resolve. `None` for reasoning that is nothing but a pointer into a store:
/// the conversation goes on without it.
fn item(index: usize, given: Value) -> Result<Option<Value>, Refused> {
    let Value::Object(mut item) = given else { return Ok(Some(given)) };
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let kind = match text("type") {
        Some(kind) => kind,
        None if item.contains_key("role") => "message",
        None => "item_reference",
    };
    match kind {
        "item_reference" if text("id").is_some_and(|id| id.starts_with("rs_")) => return Ok(None),
        "item_reference" => {
            let why = "a ChatGPT account stores nothing that could be referred to; send the item itself";
            return Err(Refused::unsupported(&format!("input[{index}]"), why));
        }
        "reasoning" if text("encrypted_content").is_none() && !item.contains_key("content") => return Ok(None),
        _ => {}
    }
    let is_of_a_system = kind == "message" && text("role") == Some("system");
    let loses_status = WITHOUT_STATUS.contains(&kind);
    let has_tools = kind == "additional_tools";
    item.retain(|name, _| !(name == "id" || (loses_status && name == "status")));
    if is_of_a_system {
        item.insert("role".into(), "developer".into());
    }
    let (at, item) = (format!("input[{index}]"), Value::from(item));
    files::refuse_in_item(&at, &item)?;
    if has_tools {
        files::refuse_in_tools(&format!("{at}.tools"), &item["tools"])?;
    }
    Ok(Some(item))
}
