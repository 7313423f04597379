//! The table of parameters: every one of `POST /v1/responses` and `POST /v1/chat/completions`, as OpenAI's own library of July
//! 2026 (6.49.0) declares them, and what becomes of it.

use serde_json::Value;

use Fate::{Answered, Becomes, ByModel, ByTools, Dropped, Nested, Passes, Refused};
use Of::{Both, Chat, Responses};

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Where it is one.
    pub of: Of,
    /// What becomes of it.
    pub fate: Fate,
    /// Whether a value says no more than the parameter's absence: it goes without a word then.
    pub is_default: fn(&Value) -> bool,
}

/// The doors that have a parameter. What only one of them has is settled alike at the other: clients that know both mix
/// their words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// `POST /v1/responses`.
    Responses,
    /// `POST /v1/chat/completions`.
    Chat,
    /// Either.
    Both,
}

/// What becomes of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The backend takes it as it is.
    Passes,
    /// It becomes this place of the backend's request.
    Becomes(&'static str),
    /// It says how the client wants to be answered, and is heeded here.
    Answered,
    /// The fields of it that are not heeded are left out and named.
    Nested,
    /// It is left out and named: an answer without it is as good, or the client sees that it was not heeded.
    Dropped,
    /// The request is refused: without it the answer would mean something else, or would not be what the client can read.
    Refused(&'static str),
    /// It passes where the model has it, and else is left out and named.
    ByModel,
    /// It is left out and named where the client calls all tools itself, and else refused.
    ByTools(&'static str),
}

const NOTHING_STORED: &str = "a ChatGPT account stores nothing; send the whole conversation as `input`";
/// Why log probabilities are refused, also where they are to be included.
pub(super) const NO_LOGPROBS: &str = "a ChatGPT account returns no log probabilities";
const TEXT_ALONE: &str = "a ChatGPT account answers with text only; use `[\"text\"]`";

/// All parameters. One that is none of them passes: the backend says itself what it thinks of it.
pub const PARAMETERS: &[Parameter] = &[
    row("model", Both, Passes, never),
    row("input", Responses, Passes, never),
    row("messages", Chat, Becomes("input"), never),
    row("instructions", Responses, Passes, is_empty),
    row("include", Responses, Passes, is_empty),
    row("stream", Both, Answered, never),
    row("stream_options", Both, Nested, never),
    row("tools", Both, Passes, never),
    row("tool_choice", Both, Passes, never),
    row("parallel_tool_calls", Both, Passes, never),
    row("reasoning", Responses, Passes, never),
    row("text", Responses, Passes, never),
    row("prompt_cache_key", Both, Passes, never),
    row("service_tier", Both, ByModel, is_usual_tier),
    // What chat completions call otherwise.
    row("reasoning_effort", Chat, Becomes("reasoning.effort"), never),
    row("verbosity", Chat, Becomes("text.verbosity"), never),
    row("response_format", Chat, Becomes("text.format"), never),
    row("functions", Chat, Becomes("tools"), never),
    row("function_call", Chat, Becomes("tool_choice"), never),
    row("web_search_options", Chat, Becomes("tools"), never),
    // Limits and sampling: its models choose for themselves.
    row("max_output_tokens", Responses, Dropped, never),
    row("max_completion_tokens", Chat, Dropped, never),
    row("max_tokens", Chat, Dropped, never),
    row("temperature", Both, Dropped, is_one),
    row("top_p", Both, Dropped, is_one),
    row("frequency_penalty", Chat, Dropped, is_zero),
    row("presence_penalty", Chat, Dropped, is_zero),
    row("seed", Chat, Dropped, never),
    // Of no bearing on what the model reads or says.
    row("metadata", Both, Dropped, is_empty),
    row("user", Both, Dropped, is_empty),
    row("safety_identifier", Both, Dropped, is_empty),
    row("store", Both, Dropped, is_false),
    row("prediction", Chat, Dropped, never),
    row("prompt_cache_retention", Both, Dropped, never),
    row("prompt_cache_options", Both, Dropped, is_empty),
    // A conversation that is too long is then refused aloud.
    row("truncation", Responses, Dropped, is_disabled),
    row("context_management", Responses, Dropped, is_empty),
    // Limits the tools that the provider runs; the client's own are called by the client.
    row("max_tool_calls", Responses, ByTools("a ChatGPT account does not limit the calls of built-in tools"), never),
    // Needs something that is stored.
    row("previous_response_id", Responses, Refused(NOTHING_STORED), is_empty),
    row("conversation", Responses, Refused(NOTHING_STORED), is_empty),
    row(
        "prompt",
        Responses,
        Refused("a ChatGPT account has no stored prompts; send its text as `instructions`"),
        is_empty,
    ),
    row("background", Responses, Refused("a ChatGPT account stores nothing to fetch later; use `stream`"), is_false),
    // The answer would be another one.
    row("n", Chat, Refused("a ChatGPT account returns one choice; send the request again for another"), is_one),
    row("stop", Chat, Refused("a ChatGPT account has no stop sequences; cut the text after you receive it"), is_empty),
    row("logit_bias", Chat, Refused("a ChatGPT account has no token bias; instruct the model instead"), is_empty),
    row("logprobs", Chat, Refused(NO_LOGPROBS), is_false),
    row("top_logprobs", Both, Refused(NO_LOGPROBS), is_zero),
    row("modalities", Chat, Refused(TEXT_ALONE), is_text),
    row("audio", Chat, Refused(TEXT_ALONE), is_empty),
    row(
        "moderation",
        Both,
        Refused("a ChatGPT account does not moderate on request; use `/v1/moderations` with an API key"),
        is_empty,
    ),
];

/// The row of a parameter.
pub(super) fn parameter(name: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.name == name)
}

const fn row(name: &'static str, of: Of, fate: Fate, is_default: fn(&Value) -> bool) -> Parameter {
    Parameter { name, of, fate, is_default }
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

/// The backend has no name for the tier that every request has without one.
fn is_usual_tier(value: &Value) -> bool {
    value == "auto" || value == "default"
}

fn is_text(value: &Value) -> bool {
    value.as_array().is_some_and(|kinds| kinds.iter().all(|kind| kind == "text"))
}

/// An empty text, list or object.
pub(in crate::domain::translate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
