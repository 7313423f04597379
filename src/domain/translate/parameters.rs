//! Sorts the parameters of a request: kept, left out or refused, as the table says.

mod table;

use serde_json::{Map, Value};

use super::dropped::Dropped;
use super::{Door, Refused, files};
use table::{NO_LOGPROBS, parameter};

pub(super) use table::is_empty;
pub use table::{Fate, Of, PARAMETERS, Parameter};

/// The parameters that the backend takes, those that a door translates, and those that are unknown here.
pub(super) struct Settled {
    pub(super) kept: Map<String, Value>,
    /// Left out because the backend refuses it, and not the default.
    pub(super) dropped: Dropped,
}

const LOGPROBS: &str = "message.output_text.logprobs";

/// What both doors read by themselves.
const READ_ELSEWHERE: [&str; 4] = ["instructions", "include", "stream", "stream_options"];

/// Sorts the parameters of `body` except its conversation, which the door translates. Null is the same as absence.
pub(super) fn settle(body: &Map<String, Value>, door: Door) -> Result<Settled, Refused> {
    let conversation = match door {
        Door::Responses => "input",
        Door::ChatCompletions => "messages",
    };
    let is_read_elsewhere = |name: &str| name == conversation || READ_ELSEWHERE.contains(&name);
    let mut settled = Settled { kept: Map::new(), dropped: Dropped::default() };
    for (name, value) in body.iter().filter(|(name, value)| !value.is_null() && !is_read_elsewhere(name)) {
        let known = parameter(name);
        if known.is_some_and(|known| (known.is_default)(value)) {
            continue;
        }
        match known.map(|known| known.fate) {
            Some(Fate::Refused(why)) => return Err(Refused::unsupported(name, why)),
            Some(Fate::ByTools(why)) if has_built_in_tools(body) => return Err(Refused::unsupported(name, why)),
            Some(Fate::Dropped | Fate::ByTools(_)) => settled.dropped.add(name),
            Some(Fate::Passes | Fate::Becomes(_) | Fate::Answered | Fate::Nested | Fate::ByModel) | None => {
                if name == "tools" {
                    files::refuse_in_tools(name, value)?;
                }
                settled.kept.insert(name.clone(), value.clone());
            }
        }
    }
    stream_options(body, door, &mut settled.dropped);
    Ok(settled)
}

/// Names the fields of the object at `at` that are none of those that are `read` and say something.
pub(super) fn drop_others(at: &str, fields: &Map<String, Value>, read: &[&str], dropped: &mut Dropped) {
    for (name, value) in fields {
        if !(read.contains(&name.as_str()) || value.is_null() || is_empty(value)) {
            dropped.add(&format!("{at}.{name}"));
        }
    }
}

/// What the client instructs the model with. `None` when it does not.
pub(super) fn instructions(body: &Map<String, Value>) -> Option<Value> {
    body.get("instructions").filter(|instructions| !instructions.is_null() && *instructions != "").cloned()
}

/// What the client wants to have included.
pub(super) fn include(body: &Map<String, Value>) -> Result<Vec<Value>, Refused> {
    match body.get("include") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(included)) if included.iter().any(|included| included == LOGPROBS) => {
            Err(Refused::unsupported("include", NO_LOGPROBS))
        }
        Some(Value::Array(included)) => Ok(included.clone()),
        Some(_) => Err(Refused::invalid(Some("include"), "`include` has to be a list.")),
    }
}

/// Whether the provider runs some of the tools.
fn has_built_in_tools(body: &Map<String, Value>) -> bool {
    let tools = body.get("tools").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_own = |tool: &Value| matches!(tool["type"].as_str(), Some("function" | "custom"));
    !tools.iter().all(is_own)
}

/// The backend need not know how the stream is sent on. Chunks of a chat carry no obfuscation; the events of a response have
/// what the backend gives them.
fn stream_options(body: &Map<String, Value>, door: Door, dropped: &mut Dropped) {
    let options = body.get("stream_options").and_then(Value::as_object);
    for (name, value) in options.into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        let is_heeded = match (name.as_str(), door) {
            ("include_usage", Door::ChatCompletions) => true,
            ("include_obfuscation", Door::ChatCompletions) => *value == false,
            ("include_obfuscation", Door::Responses) => *value == true,
            _ => false,
        };
        if !is_heeded {
            dropped.add(&format!("stream_options.{name}"));
        }
    }
}
