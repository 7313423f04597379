//! `/v1/chat/completions`, and `/v1/completions`, the legacy endpoint; each whole and streamed.

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::call::Call;
use super::errors;
use crate::events::unnamed;
use crate::reply::Reply;
use crate::usage::processed_in;

#[derive(Deserialize)]
struct Ask {
    model: Option<String>,
    messages: Option<Vec<IgnoredAny>>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    service_tier: Option<String>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

/// A chat completion.
pub(super) fn create(call: &Call) -> Reply {
    let ask = match asked(call) {
        Ok(ask) if ask.messages.is_none() => return Reply::missing("messages"),
        Ok(ask) => ask,
        Err(refusal) => return refusal,
    };
    let is_stream = ask.stream == Some(true);
    let base = json!({
        "id": call.id("chatcmpl-"),
        "object": if is_stream { "chat.completion.chunk" } else { "chat.completion" },
        "created": call.created,
        "model": ask.model,
        "choices": [],
        "usage": null,
        "service_tier": processed_in(ask.service_tier.as_deref()),
        "system_fingerprint": "fp_simulated",
    });
    if !is_stream {
        let message = json!({ "role": "assistant", "content": call.text, "refusal": null, "annotations": [] });
        let choice = json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": "stop" });
        return whole(call, base, &choice);
    }
    let change = |delta: Value, finish_reason: Option<&str>| json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason });
    let mut shown = vec![change(json!({ "role": "assistant", "content": "", "refusal": null }), None)];
    shown.extend(call.deltas().map(|text| change(json!({ "content": text }), None)));
    stream(call, &ask, &base, shown, change(json!({}), Some("stop")))
}

/// A legacy completion.
pub(super) fn create_legacy(call: &Call) -> Reply {
    let ask = match asked(call) {
        Ok(ask) => ask,
        Err(refusal) => return refusal,
    };
    let base = json!({
        "id": call.id("cmpl-"),
        "object": "text_completion",
        "created": call.created,
        "model": ask.model,
        "choices": [],
        "usage": null,
    });
    let choice = |text: &str, finish_reason: Option<&str>| json!({ "text": text, "index": 0, "logprobs": null, "finish_reason": finish_reason });
    if ask.stream != Some(true) {
        return whole(call, base, &choice(call.text, Some("stop")));
    }
    stream(call, &ask, &base, call.deltas().map(|text| choice(text, None)).collect(), choice("", Some("stop")))
}

/// What `call` asks for, or the refusal.
fn asked(call: &Call) -> Result<Ask, Reply> {
    let ask: Ask = serde_json::from_slice(call.body).map_err(|_| errors::not_json())?;
    if ask.model.is_none() { Err(errors::no_model()) } else { Ok(ask) }
}

fn whole(call: &Call, mut completion: Value, choice: &Value) -> Reply {
    completion["choices"] = json!([choice]);
    completion["usage"] = call.usage().chat();
    Reply::json(200, &completion)
}

/// One chunk for each choice. Where usage was asked for the last one has it alone, and every other says `null`.
fn stream(call: &Call, ask: &Ask, base: &Value, shown: Vec<Value>, stop: Value) -> Reply {
    let with_usage = ask.stream_options.as_ref().and_then(|options| options.include_usage) == Some(true);
    let chunk = |choices: Value, usage: Value| {
        let mut chunk = base.clone();
        chunk["choices"] = choices;
        chunk["usage"] = usage;
        if !with_usage && let Some(fields) = chunk.as_object_mut() {
            fields.shift_remove("usage");
        }
        unnamed(&chunk)
    };
    let (before, stop) = (shown.len(), std::iter::once(stop));
    let mut events: Vec<Bytes> =
        shown.into_iter().chain(stop).map(|choice| chunk(json!([choice]), Value::Null)).collect();
    if with_usage {
        events.push(chunk(json!([]), call.usage().chat()));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    let terminal = events.len() - before;
    Reply::events(events, terminal)
}
