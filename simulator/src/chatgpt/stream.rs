//! The response to one request: what it says of what was asked, its events, and what it costs.

use bytes::Bytes;
use serde_json::{Value, json};

use super::asked::Asked;
use super::output;
use crate::answer::Answer;
use crate::item::Item;
use crate::response;
use crate::usage::Usage;

/// The tokens of every reasoning.
const REASONING_TOKENS: u64 = 64;

/// A response.
pub(super) struct Made {
    pub(super) events: Vec<Bytes>,
    /// The response as it began.
    pub(super) begun: Value,
    /// Its items.
    pub(super) output: Vec<Value>,
}

/// A response; `text` is what the server says when nothing else is scripted.
pub(super) fn made(asked: &Asked<'_>, answer: &Answer, text: &str) -> Made {
    let items = output::items(asked, answer, text);
    let begun = begun(asked);
    let mut whole = response::completed(&begun, usage(asked, &items));
    if matches!(answer, Answer::Incomplete { .. }) {
        whole["status"] = json!("incomplete");
        whole["completed_at"] = Value::Null;
        whole["incomplete_details"] = json!({ "reason": "max_output_tokens" });
    }
    let events = response::events(&begun, &items, &whole);
    Made { events, begun, output: items.iter().map(Item::done).collect() }
}

/// A response without output, which costs nothing.
pub(super) fn warm_up(asked: &Asked<'_>) -> Made {
    let begun = begun(asked);
    let events = response::events(&begun, &[], &response::completed(&begun, Usage::NONE.responses(0)));
    Made { events, begun, output: Vec::new() }
}

fn begun(asked: &Asked<'_>) -> Value {
    let request = asked.request;
    let mut begun = response::begun(&asked.id("resp_", usize::MAX >> 33), asked.created, &request["model"]);
    begun["service_tier"] = json!("auto");
    begun["store"] = json!(false);
    for name in
        ["instructions", "parallel_tool_calls", "prompt_cache_key", "service_tier", "text", "tool_choice", "tools"]
    {
        if !request[name].is_null() {
            begun[name] = request[name].clone();
        }
    }
    for name in ["effort", "summary"] {
        begun["reasoning"][name] = request["reasoning"][name].clone();
    }
    begun["safety_identifier"] = json!(format!("user-simulated-{}", asked.account.0));
    begun
}

/// Follows from the lengths, so that tests can foresee it: four bytes are a token, and a reasoning takes 64.
fn usage(asked: &Asked<'_>, items: &[Item]) -> Value {
    let usage = Usage::of(asked.length, items.iter().map(Item::length).sum());
    let reasoning = if items.iter().any(Item::is_reasoning) { REASONING_TOKENS } else { 0 };
    Usage { cached: asked.cached.min(usage.input), ..usage }.responses(reasoning)
}
