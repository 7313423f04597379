//! Chat completions in the words of the Responses API, and answers back.

mod chunks;
mod content;
mod document;
mod known_items;
mod messages;
mod tools;
mod words;

use serde_json::{Map, Value, json};

use super::dropped::Dropped;
use super::parameters::Settled;
use super::{Asked, Door, Refused, parameters};

pub(super) use chunks::Chunks;
pub(super) use document::document;

/// The request for `body`.
pub(super) fn request(body: &Map<String, Value>) -> Result<Asked, Refused> {
    let Settled { mut kept, mut dropped } = parameters::settle(body, Door::ChatCompletions)?;
    let input = match body.get("messages") {
        None | Some(Value::Null) => return Err(Refused::missing("messages")),
        Some(Value::Array(list)) => messages::items(list, &mut dropped)?,
        Some(_) => return Err(Refused::invalid(Some("messages"), "`messages` has to be a list.")),
    };
    if kept.contains_key("input") {
        return Err(Refused::unsupported("input", "chat completions read `messages`"));
    }
    let legacy_functions = tools::translate(&mut kept, &mut dropped)?;
    text(&mut kept, &mut dropped)?;
    reasoning(&mut kept, &mut dropped)?;
    Ok(Asked {
        // Clients that know both interfaces mix their words.
        instructions: parameters::instructions(body),
        include: parameters::include(body)?,
        input,
        kept,
        dropped,
        legacy_functions,
    })
}

/// What the text has to look like: `response_format` and `verbosity`.
fn text(kept: &mut Map<String, Value>, dropped: &mut Dropped) -> Result<(), Refused> {
    match kept.shift_remove("response_format") {
        None => {}
        Some(Value::Object(mut format)) => {
            if let Some(Value::Object(mut schema)) = format.shift_remove("json_schema") {
                schema.retain(|_, value| !value.is_null());
                format.append(&mut schema);
                format.entry("strict").or_insert(false.into());
            }
            merge(kept, "text", ("format", "response_format"), format.into(), dropped)?;
        }
        Some(_) => return Err(Refused::invalid(Some("response_format"), "`response_format` has to be an object.")),
    }
    match kept.shift_remove("verbosity") {
        None => Ok(()),
        Some(verbosity) => merge(kept, "text", ("verbosity", "verbosity"), verbosity, dropped),
    }
}

/// How the model reasons: `reasoning_effort`, beside the object of the Responses API, which some clients give.
fn reasoning(kept: &mut Map<String, Value>, dropped: &mut Dropped) -> Result<(), Refused> {
    match kept.shift_remove("reasoning_effort") {
        None => Ok(()),
        Some(effort) => merge(kept, "reasoning", ("effort", "reasoning_effort"), effort, dropped),
    }
}

/// Puts `value`, which chat completions call by the second name, into the object `name` as `field`. What stands there already
/// stays: a client that gives both means one.
fn merge(
    kept: &mut Map<String, Value>,
    name: &str,
    (field, called): (&str, &str),
    value: Value,
    dropped: &mut Dropped,
) -> Result<(), Refused> {
    let Value::Object(object) = kept.entry(name).or_insert_with(|| json!({})) else {
        return Err(Refused::invalid(Some(name), format!("`{name}` has to be an object.")));
    };
    match object.get(field).filter(|own| !own.is_null()) {
        Some(own) if *own != value => dropped.add(called),
        Some(_) => {}
        None => drop(object.insert(field.into(), value)),
    }
    Ok(())
}
