//! Chat completions in the words of the Responses API, and answers back.

mod chunks;
mod document;
mod messages;
mod told_items;
mod tools;
mod words;

use serde_json::{Map, Value, json};

use super::{Asked, Refused, parameters};

pub(super) use chunks::Chunks;
pub(super) use document::document;

/// The request for `body`.
pub(super) fn request(body: &Map<String, Value>) -> Result<Asked, Refused> {
    let mut settled = parameters::settle(body, "messages")?;
    let kept = &mut settled.kept;
    let (input, has_names) = match body.get("messages") {
        None | Some(Value::Null) => return Err(Refused::missing("messages")),
        Some(Value::Array(list)) => messages::items(list)?,
        Some(_) => return Err(Refused::invalid(Some("messages"), "`messages` has to be a list.")),
    };
    if kept.contains_key("input") {
        return Err(Refused::unsupported("input", "chat completions read `messages`"));
    }
    if has_names {
        settled.dropped.push("messages.name");
    }
    let legacy_functions = tools::translate(kept)?;
    text(kept)?;
    reasoning(kept)?;
    Ok(Asked {
        // Clients that know both interfaces mix their words.
        instructions: parameters::instructions(body),
        include: parameters::include(body)?,
        input,
        kept: settled.kept,
        dropped: settled.dropped,
        legacy_functions,
    })
}

/// What the text has to look like: `response_format` and `verbosity`.
fn text(kept: &mut Map<String, Value>) -> Result<(), Refused> {
    let mut text = Map::new();
    match kept.shift_remove("response_format") {
        None => {}
        Some(Value::Object(mut format)) => {
            if let Some(Value::Object(mut schema)) = format.shift_remove("json_schema") {
                schema.retain(|_, value| !value.is_null());
                format.append(&mut schema);
                format.entry("strict").or_insert(false.into());
            }
            text.insert("format".into(), format.into());
        }
        Some(_) => return Err(Refused::invalid(Some("response_format"), "`response_format` has to be an object.")),
    }
    text.extend(kept.shift_remove_entry("verbosity"));
    merge(kept, "text", text)
}

/// How the model reasons: `reasoning_effort`, beside the object of the Responses API, which some clients give.
fn reasoning(kept: &mut Map<String, Value>) -> Result<(), Refused> {
    let effort = kept.shift_remove("reasoning_effort").map(|effort| ("effort".to_owned(), effort));
    merge(kept, "reasoning", effort.into_iter().collect())
}

/// Adds `fields` to the object `name`, whose own fields stay.
fn merge(kept: &mut Map<String, Value>, name: &str, fields: Map<String, Value>) -> Result<(), Refused> {
    if fields.is_empty() {
        return Ok(());
    }
    match kept.entry(name).or_insert_with(|| json!({})) {
        Value::Object(object) => {
            for (field, value) in fields {
                object.entry(field).or_insert(value);
            }
            Ok(())
        }
        _ => Err(Refused::invalid(Some(name), format!("`{name}` has to be an object."))),
    }
}
