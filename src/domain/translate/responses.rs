//! A request of `POST /v1/responses`: it is in the backend's words already, except what needs a store.

use serde_json::{Map, Value};

use super::dropped::Dropped;
use super::{Asked, Door, KeepsId, Refused, files, items, parameters};

/// Items whose `status` says nothing to the model. Those of tools that the provider runs have to have theirs.
const WITHOUT_STATUS: [&str; 6] =
    ["message", "reasoning", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"];

/// The request for `body` without its `input`, which is the `conversation`. Where the client gives both instructions and
/// messages of a developer, both stay as they are.
pub(super) fn request(
    body: &Map<String, Value>,
    conversation: Option<Value>,
    keeps_id: KeepsId<'_>,
) -> Result<Asked, Refused> {
    let mut settled = parameters::settle(body, Door::Responses)?;
    Ok(Asked {
        instructions: parameters::instructions(body),
        input: input(conversation, keeps_id, &mut settled.dropped)?,
        include: parameters::include(body)?,
        kept: settled.kept,
        dropped: settled.dropped,
        legacy_functions: false,
    })
}

fn input(input: Option<Value>, keeps_id: KeepsId<'_>, dropped: &mut Dropped) -> Result<Vec<Value>, Refused> {
    match input {
        None | Some(Value::Null) => Err(Refused::missing("input")),
        Some(Value::String(text)) => Ok(vec![items::message("user", vec![items::input_text(&text)])]),
        Some(Value::Array(list)) => {
            let items = list.into_iter().enumerate();
            items
                .filter_map(|(index, given)| item(&format!("input[{index}]"), given, keeps_id, dropped).transpose())
                .collect()
        }
        Some(_) => Err(Refused::invalid(Some("input"), "`input` has to be a text or a list of items.")),
    }
}

/// The item at `at` without what only a store could resolve. `None` for reasoning that is nothing but a pointer into a
/// store: the conversation goes on without it.
fn item(at: &str, given: Value, keeps_id: KeepsId<'_>, dropped: &mut Dropped) -> Result<Option<Value>, Refused> {
    let Value::Object(mut item) = given else { return Ok(Some(given)) };
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let kind = match text("type") {
        Some(kind) => kind,
        None if item.contains_key("role") => "message",
        None => "item_reference",
    };
    let is_pointer = match kind {
        "item_reference" => true,
        "reasoning" => text("encrypted_content").is_none() && !item.contains_key("content"),
        _ => false,
    };
    if is_pointer && (kind == "reasoning" || text("id").is_some_and(|id| id.starts_with("rs_"))) {
        dropped.add(at);
        return Ok(None);
    }
    if is_pointer {
        let why = "a ChatGPT account stores nothing to refer to; send the item itself";
        return Err(Refused::unsupported(at, why));
    }
    let is_of_a_system = kind == "message" && text("role") == Some("system");
    let loses_status = WITHOUT_STATUS.contains(&kind);
    let has_tools = matches!(kind, "additional_tools" | "tool_search_output");
    // Its id is that of the call which it answers.
    let keeps_id = kind == "local_shell_call_output" || text("id").is_some_and(keeps_id);
    if loses_status && text("status").is_some_and(|status| status != "completed") {
        dropped.add(&format!("{at}.status"));
    }
    item.retain(|name, _| !((name == "id" && !keeps_id) || (loses_status && name == "status")));
    if is_of_a_system {
        item.insert("role".into(), "developer".into());
    }
    let mut item = Value::from(item);
    files::refuse_in_item(at, &item)?;
    items::drop_breakpoints(at, &mut item, dropped);
    if has_tools {
        files::refuse_in_tools(&format!("{at}.tools"), &item["tools"])?;
    }
    Ok(Some(item))
}
