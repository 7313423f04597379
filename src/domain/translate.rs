//! Translation between what clients of OpenAI ask, `POST /v1/responses` and `POST /v1/chat/completions`, and the
//! ChatGPT Codex backend, which speaks the Responses API alone, always streams and never stores.
//!
//! What the backend refuses is left out where that is harmless, and then named; else the request is refused with
//! OpenAI's error shape. Meaning never changes silently, and nothing that a round trip should keep is lost.

mod beside;
mod call_ids;
mod chat;
mod collector;
mod dropped;
mod errors;
mod events;
mod files;
mod items;
mod output_items;
mod parameters;
mod part;
mod partial_item;
mod relay;
mod responses;
mod stream;
mod tier;
mod turn;

use serde_json::{Map, Value, json};

pub use beside::{Beside, compact_request};
pub use collector::Collector;
pub use dropped::Dropped;
pub use errors::{Failure, Refused, error_document};
pub use parameters::{Fate, Of, PARAMETERS, Parameter};
pub use stream::StreamTranslator;
pub use tier::listed_tiers;
pub use turn::turn_request;

/// Where a client asks, and so how the answer has to be spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `POST /v1/responses`.
    Responses,
    /// `POST /v1/chat/completions`.
    ChatCompletions,
}

/// What the answer has to look like for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where it was asked.
    pub door: Door,
    /// As a stream of events, else as one document.
    pub stream: bool,
    /// A stream of chat completions ends with a chunk that has the usage.
    pub include_usage: bool,
    /// The client spoke of `functions`, the forerunner of tools, and reads `function_call`.
    pub legacy_functions: bool,
    /// The model that was asked for: what the answer says unless the backend says another.
    pub model: String,
}

/// A request as the backend takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct BackendRequest {
    /// The body to send.
    pub body: Value,
    /// What was left out because the backend refuses it.
    pub dropped: Dropped,
    /// The input holds its own tools, as an `additional_tools` item.
    pub is_lite: bool,
    /// What the answer has to look like.
    pub wanted: Wanted,
    /// The service tier that the client asks for, unless it is the usual one.
    tier: Option<String>,
}

impl BackendRequest {
    /// The service tier that the client asks for. `None` for the usual one.
    pub fn asked_tier(&self) -> Option<&str> {
        self.tier.as_deref()
    }

    /// Sends the tier that is asked for only where it is one of those that are `listed` for the model.
    pub fn heed_tiers(&mut self, listed: &[String]) {
        if let Value::Object(body) = &mut self.body {
            tier::settle(body, self.tier.as_deref(), Some(listed), &mut self.dropped);
        }
    }
}

/// Whether an item keeps this id.
pub type KeepsId<'k> = &'k dyn Fn(&str) -> bool;

/// What a stateless conversation needs to carry its reasoning along.
const ENCRYPTED_REASONING: &str = "reasoning.encrypted_content";

/// The backend's request for what a client asks at `door`.
///
/// # Errors
///
/// What the backend cannot do, and what is no such request at all.
pub fn backend_request(door: Door, body: Value) -> Result<BackendRequest, Refused> {
    backend_request_keeping(door, body, &|_| false)
}

/// The same, with those ids of its items that `keeps_id` says are to be kept: the account that made an item has given it
/// its id.
///
/// # Errors
///
/// What the backend cannot do, and what is no such request at all.
pub fn backend_request_keeping(door: Door, body: Value, keeps_id: KeepsId<'_>) -> Result<BackendRequest, Refused> {
    match body {
        Value::Object(body) => translated(door, body, keeps_id, |asked| items::hold_tools(&asked.input)),
        _ => Err(Refused::no_object()),
    }
}

/// The same for the fields of a body; `is_lite` says whether its input is to be taken for one with its own tools.
fn translated(
    door: Door,
    mut body: Map<String, Value>,
    keeps_id: KeepsId<'_>,
    is_lite: impl FnOnce(&mut Asked) -> bool,
) -> Result<BackendRequest, Refused> {
    let Some(model) = body.get("model").and_then(Value::as_str).filter(|model| !model.is_empty()) else {
        return Err(Refused::missing("model"));
    };
    let stream = match body.get("stream") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(stream)) => *stream,
        Some(_) => return Err(Refused::invalid(Some("stream"), "`stream` has to be true or false.")),
    };
    let model = model.to_owned();
    // An input may be as large as all memory there is for it: it is moved, not copied.
    let mut asked = match door {
        Door::Responses => {
            let input = body.shift_remove("input");
            responses::request(&body, input, keeps_id)?
        }
        Door::ChatCompletions => chat::request(&body)?,
    };
    let wanted = Wanted {
        door,
        stream,
        include_usage: body.get("stream_options").is_some_and(|options| options["include_usage"] == json!(true)),
        legacy_functions: asked.legacy_functions,
        model,
    };
    let mut dropped = std::mem::take(&mut asked.dropped);
    let tier = tier::asked(&asked.kept);
    tier::settle(&mut asked.kept, tier.as_deref(), None, &mut dropped);
    asked.input.iter_mut().for_each(call_ids::shorten);
    let is_lite = is_lite(&mut asked);
    Ok(BackendRequest { body: asked.body(is_lite), dropped, is_lite, wanted, tier })
}

/// A request in the backend's words, before it is put together.
struct Asked {
    /// What the client instructs the model with, if it does.
    instructions: Option<Value>,
    input: Vec<Value>,
    /// What the client wants to have included.
    include: Vec<Value>,
    /// The other parameters.
    kept: Map<String, Value>,
    dropped: Dropped,
    legacy_functions: bool,
}

impl Asked {
    /// The body to send. An input that holds its own tools has its instructions too; elsewhere the backend wants
    /// instructions, and takes empty ones. Who asks for a JSON object has to say so in the input: the backend refuses it
    /// where only the instructions do.
    fn body(mut self, is_lite: bool) -> Value {
        let wants_json = self.kept.get("text").is_some_and(|text| text["format"]["type"] == "json_object");
        let instructions = match self.instructions.take() {
            None if is_lite => None,
            Some(instructions) => Some(instructions),
            None if wants_json => Some("".into()),
            None => Some(items::take_instructions(&mut self.input).unwrap_or_default().into()),
        };
        if !self.include.iter().any(|included| included == ENCRYPTED_REASONING) {
            self.include.push(ENCRYPTED_REASONING.into());
        }
        let mut body = Map::new();
        body.extend(self.kept.shift_remove_entry("model"));
        body.extend(instructions.map(|instructions| ("instructions".to_owned(), instructions)));
        body.insert("input".into(), self.input.into());
        body.append(&mut self.kept);
        body.insert("include".into(), self.include.into());
        body.insert("store".into(), false.into());
        body.insert("stream".into(), true.into());
        body.into()
    }
}

#[cfg(test)]
mod tests;
