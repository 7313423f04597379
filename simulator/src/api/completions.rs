//! `/v1/completions`, the legacy endpoint, whole and streamed.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::chat::StreamOptions;
use super::errors;
use super::usage::Reported;
use crate::events::unnamed;
use crate::reply::Reply;

#[derive(Deserialize)]
struct Ask {
    model: Option<String>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
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
}

#[derive(Serialize)]
struct Choice<'a> {
    text: &'a str,
    index: u32,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

pub(super) fn create(call: &Call) -> Reply {
    let Ok(ask) = serde_json::from_slice::<Ask>(call.body) else {
        return errors::not_json();
    };
    let Some(model) = ask.model.as_deref() else {
        return errors::invalid(None, None, "you must provide a model parameter");
    };
    let id = call.id("cmpl-");
    let completion = |choices, usage| Completion {
        id: &id,
        object: "text_completion",
        created: call.created,
        model,
        choices,
        usage,
    };
    let choice = |text, finish_reason| vec![Choice { text, index: 0, logprobs: None, finish_reason }];
    let usage = Some(Reported::Now(call.usage().chat()));
    if ask.stream != Some(true) {
        return Reply::json(200, &completion(choice(call.text, Some("stop")), usage));
    }
    let with_usage = ask.stream_options.and_then(|options| options.include_usage) == Some(true);
    let chunk =
        |text, finish_reason| unnamed(&completion(choice(text, finish_reason), with_usage.then_some(Reported::Later)));
    let mut events: Vec<Bytes> = call.deltas().map(|text| chunk(text, None)).collect();
    let shown = events.len();
    events.push(chunk("", Some("stop")));
    if with_usage {
        events.push(unnamed(&completion(Vec::new(), usage)));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    let terminal = events.len() - shown;
    Reply::events(events, terminal)
}
