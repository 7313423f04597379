//! What becomes of each parameter of a request: kept, left out or refused.

use serde_json::{Map, Value};

use super::{Refused, files};

/// The parameters that the backend takes, and those that are unknown here: it says itself what it thinks of them.
pub(super) struct Settled {
    pub(super) kept: Map<String, Value>,
    /// Left out because the backend refuses it, and not the default.
    pub(super) dropped: Vec<&'static str>,
}

/// Why a parameter does not reach the backend.
enum Fate {
    /// An answer without it is as good, or the client sees that it was not heeded.
    Dropped,
    /// Without it the answer would mean something else, or would not be what the client can read.
    Refused(&'static str),
}

/// Whether a value says no more than the parameter's absence.
type IsDefault = fn(&Value) -> bool;

use Fate::{Dropped, Refused as Refuse};

const NOTHING_STORED: &str = "a ChatGPT account stores nothing; send the whole conversation as `input`";
const NO_LOGPROBS: &str = "a ChatGPT account tells no log probabilities";

const LOGPROBS: &str = "message.output_text.logprobs";

/// Each parameter that the backend does not take.
const PARAMETERS: &[(&str, Fate, IsDefault)] = &[
    // Limits and sampling: its models choose for themselves.
    ("max_output_tokens", Dropped, never),
    ("max_completion_tokens", Dropped, never),
    ("max_tokens", Dropped, never),
    ("temperature", Dropped, is_one),
    ("top_p", Dropped, is_one),
    ("frequency_penalty", Dropped, is_zero),
    ("presence_penalty", Dropped, is_zero),
    ("seed", Dropped, never),
    // Of no bearing on what the model reads or says.
    ("metadata", Dropped, is_empty),
    ("user", Dropped, is_empty),
    ("safety_identifier", Dropped, is_empty),
    ("store", Dropped, is_false),
    ("prediction", Dropped, never),
    ("prompt_cache_retention", Dropped, never),
    ("prompt_cache_options", Dropped, is_empty),
    // A conversation that is too long is then refused aloud.
    ("truncation", Dropped, is_disabled),
    ("context_management", Dropped, is_empty),
    // Needs something that is stored.
    ("previous_response_id", Refuse(NOTHING_STORED), is_empty),
    ("conversation", Refuse(NOTHING_STORED), is_empty),
    ("prompt", Refuse("a ChatGPT account has no stored prompts; send its text as `instructions`"), is_empty),
    ("background", Refuse("a ChatGPT account stores nothing that could be fetched later; use `stream`"), is_false),
    // The answer would be another one.
    ("n", Refuse("a ChatGPT account gives one choice; ask again for another"), is_one),
    ("stop", Refuse("a ChatGPT account knows no stop sequences; cut the text where it is read"), is_empty),
    ("logit_bias", Refuse("a ChatGPT account does not bias tokens; instruct the model instead"), is_empty),
    ("logprobs", Refuse(NO_LOGPROBS), is_false),
    ("top_logprobs", Refuse(NO_LOGPROBS), is_zero),
    ("modalities", Refuse("a ChatGPT account answers with text alone; ask for `[\"text\"]`"), is_text),
    ("audio", Refuse("a ChatGPT account answers with text alone"), is_empty),
];

/// What both doors read by themselves.
const READ_ELSEWHERE: [&str; 4] = ["instructions", "include", "stream", "stream_options"];

/// Sorts the parameters of `body` but for the `conversation`, which its door translates. Null is the same as absence.
pub(super) fn settle(body: &Map<String, Value>, conversation: &str) -> Result<Settled, Refused> {
    let is_read_elsewhere = |name: &str| name == conversation || READ_ELSEWHERE.contains(&name);
    let mut settled = Settled { kept: Map::new(), dropped: Vec::new() };
    for (name, value) in body.iter().filter(|(name, value)| !value.is_null() && !is_read_elsewhere(name)) {
        let known = PARAMETERS.iter().find(|(known, ..)| known == name);
        match known {
            Some((_, _, is_default)) if is_default(value) => {}
            Some((known, Dropped, _)) => settled.dropped.push(known),
            Some((known, Refuse(why), _)) => return Err(Refused::unsupported(known, why)),
            None if name == "service_tier" => settled.service_tier(value),
            None if name == "max_tool_calls" => settled.max_tool_calls(body)?,
            None if name == "tools" => {
                files::refuse_in_tools("tools", value)?;
                settled.kept.insert(name.clone(), value.clone());
            }
            None => {
                settled.kept.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(settled)
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

impl Settled {
    /// The backend names no default tier and refuses the slower ones, which only say what the answer may cost;
    /// `fast` is the field's other word for `priority`.
    fn service_tier(&mut self, tier: &Value) {
        match tier.as_str() {
            Some("auto" | "default") => {}
            Some("flex" | "scale" | "standard") => self.dropped.push("service_tier"),
            Some("fast") => drop(self.kept.insert("service_tier".into(), "priority".into())),
            _ => drop(self.kept.insert("service_tier".into(), tier.clone())),
        }
    }

    /// It limits the tools that the provider runs; the client's own are called by the client.
    fn max_tool_calls(&mut self, body: &Map<String, Value>) -> Result<(), Refused> {
        let tools = body.get("tools").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let is_own = |tool: &Value| matches!(tool["type"].as_str(), Some("function" | "custom"));
        if tools.iter().all(is_own) {
            self.dropped.push("max_tool_calls");
            return Ok(());
        }
        Err(Refused::unsupported("max_tool_calls", "a ChatGPT account does not limit the calls of built-in tools"))
    }
}

fn never(_: &Value) -> bool {
    false
}

fn is_one(value: &Value) -> bool {
    value.as_f64() == Some(1.0)
}

fn is_zero(value: &Value) -> bool {
    value.as_f64() == Some(0.0)
}

fn is_false(value: &Value) -> bool {
    value == false
}

fn is_disabled(value: &Value) -> bool {
    value == "disabled"
}

fn is_text(value: &Value) -> bool {
    value.as_array().is_some_and(|kinds| kinds.iter().all(|kind| kind == "text"))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
