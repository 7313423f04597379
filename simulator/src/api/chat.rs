//! `/v1/chat/completions`, whole and streamed.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::errors;
use super::usage::Reported;
use crate::events::unnamed;
use crate::reply::Reply;
use crate::usage::processed_in;

#[derive(Deserialize)]
struct Ask {
    model: Option<String>,
    messages: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    service_tier: Option<String>,
}

/// Shared with `/v1/completions`.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct StreamOptions {
    #[serde(default)]
    pub(super) include_usage: Option<bool>,
}

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: Vec<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Reported>,
    service_tier: &'static str,
    system_fingerprint: &'static str,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<Delta<'a>>,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
    refusal: Option<()>,
    annotations: [(); 0],
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    /// In the first chunk only, and `null` there.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Null>,
}

/// Serialises as `null`.
#[derive(Serialize)]
struct Null;

pub(super) fn create(call: &Call) -> Reply {
    let Ok(ask) = serde_json::from_slice::<Ask>(call.body) else {
        return errors::not_json();
    };
    let Some(model) = ask.model.as_deref() else {
        return errors::invalid(None, None, "you must provide a model parameter");
    };
    if ask.messages.is_none() {
        let message = "Missing required parameter: 'messages'.";
        return errors::invalid(Some("missing_required_parameter"), Some("messages"), message);
    }
    let id = call.id("chatcmpl-");
    let base = Base { id: &id, model, service_tier: processed_in(ask.service_tier.as_deref()) };
    if ask.stream == Some(true) {
        let with_usage = ask.stream_options.and_then(|options| options.include_usage) == Some(true);
        return stream(call, base, with_usage);
    }
    let message = Message { role: "assistant", content: call.text, refusal: None, annotations: [] };
    let choice = Choice { index: 0, message: Some(message), delta: None, logprobs: None, finish_reason: Some("stop") };
    let usage = Some(Reported::Now(call.usage().chat()));
    Reply::json(200, &completion(call, base, "chat.completion", vec![choice], usage))
}

/// What every chunk of an answer says.
#[derive(Clone, Copy)]
struct Base<'a> {
    id: &'a str,
    model: &'a str,
    service_tier: &'static str,
}

fn stream(call: &Call, base: Base<'_>, with_usage: bool) -> Reply {
    let chunk = |choices, usage| unnamed(&completion(call, base, "chat.completion.chunk", choices, usage));
    let change = |delta, finish_reason| {
        let choice = Choice { index: 0, message: None, delta: Some(delta), logprobs: None, finish_reason };
        // When usage was asked for, every chunk but the last says `null`.
        chunk(vec![choice], with_usage.then_some(Reported::Later))
    };
    let role = Delta { role: Some("assistant"), content: Some(""), refusal: Some(Null) };
    let mut events = vec![change(role, None)];
    events.extend(call.deltas().map(|text| change(Delta { content: Some(text), ..Delta::default() }, None)));
    let shown = events.len();
    events.push(change(Delta::default(), Some("stop")));
    if with_usage {
        events.push(chunk(Vec::new(), Some(Reported::Now(call.usage().chat()))));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    let terminal = events.len() - shown;
    Reply::events(events, terminal)
}

fn completion<'a>(
    call: &Call,
    base: Base<'a>,
    object: &'static str,
    choices: Vec<Choice<'a>>,
    usage: Option<Reported>,
) -> Completion<'a> {
    let Base { id, model, service_tier } = base;
    Completion {
        id,
        object,
        created: call.created,
        model,
        choices,
        usage,
        service_tier,
        system_fingerprint: "fp_simulated",
    }
}
