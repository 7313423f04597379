//! What Codex posts beside `/responses`: compaction, web search, images and summaries of memories.

use bytes::Bytes;
use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::caller::Caller;
use super::checks::check_model;
use super::responses::{answer_of, refused, with_quota};
use super::sealed::seal;
use super::state::ChatGpt;
use super::{owned, rules, sealed, turn_state};
use crate::answer::Answer;
use crate::body::Ending;
use crate::connection::Sent;
use crate::faults::{awaited, spoiled};
use crate::item::Item;
use crate::reply::Reply;
use crate::usage::Usage;
use crate::words::mixed;

/// A PNG of one transparent pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Compact,
    Search,
    Images,
    Memories,
}

impl Endpoint {
    /// The one at `path`.
    pub(super) fn at(path: &str) -> Option<Endpoint> {
        Some(match path.strip_prefix("/backend-api/codex/")? {
            "responses/compact" => Endpoint::Compact,
            "alpha/search" => Endpoint::Search,
            "images/generations" | "images/edits" => Endpoint::Images,
            "memories/trace_summarize" => Endpoint::Memories,
            _ => return None,
        })
    }
}

/// The answer to a request of `endpoint`; it takes the next answer of its account, as a response does.
pub(super) async fn answer(endpoint: Endpoint, state: &ChatGpt, head: &Parts, body: &Bytes) -> Sent {
    let asked = Caller::admitted(state, head).and_then(|caller| {
        let request = rules::read(head, body)?;
        checked(endpoint, head.uri.path(), &request)?;
        // The models that draw are no models of conversations.
        if endpoint != Endpoint::Images {
            check_model(state, &caller, &request)?;
        }
        sealed::checked(caller.account, &request)?;
        turn_state::checked(&caller, &request)?;
        let answer = answer_of(state, &caller, &request)?;
        Ok((caller, request, answer))
    });
    let (caller, request, answer) = match asked {
        Ok(asked) => asked,
        Err(reply) => return Ok((reply, Ending::Clean)),
    };
    let answer = awaited(answer).await?;
    if let Some(reply) = refused(state, &caller, &request, &answer) {
        return Ok((reply, Ending::Clean));
    }
    let text = match &answer {
        Answer::Say(text) => text.clone(),
        _ => state.common.text().to_string(),
    };
    let document = document(endpoint, state, &caller, &request, body.len(), &text);
    // There is no stream to fail in.
    let (reply, ending) = spoiled(Reply::json(200, &document), &answer, &|_, _, _| Bytes::new());
    Ok((with_quota(state, &caller, &request, None, reply), ending))
}

/// What each needs.
fn checked(endpoint: Endpoint, path: &str, request: &Value) -> Result<(), Reply> {
    let needed: &[(&str, bool)] = match endpoint {
        Endpoint::Compact => &[("model", request["model"].is_string()), ("input", request["input"].is_array())],
        Endpoint::Search => &[("id", request["id"].is_string()), ("model", request["model"].is_string())],
        Endpoint::Images if path.ends_with("edits") => {
            &[("prompt", request["prompt"].is_string()), ("images", request["images"].is_array())]
        }
        Endpoint::Images => &[("prompt", request["prompt"].is_string()), ("model", request["model"].is_string())],
        Endpoint::Memories => &[("model", request["model"].is_string()), ("traces", request["traces"].is_array())],
    };
    match needed.iter().find(|(_, is_there)| !is_there) {
        Some((name, _)) => Err(Reply::missing(name)),
        None => Ok(()),
    }
}

fn document(endpoint: Endpoint, state: &ChatGpt, caller: &Caller, request: &Value, length: usize, text: &str) -> Value {
    let created = state.common.now().as_millis() / 1000;
    let usage = Usage { cached: 0, ..Usage::of(length, text.len()) };
    match endpoint {
        Endpoint::Compact => {
            let serial = mixed(state.common.traffic.next_serial());
            let id = |prefix: &str| owned::id(prefix, caller.account, serial, mixed(serial));
            // What the person said stays as it is; the rest is inside the compaction.
            let items = request["input"].as_array().map(Vec::as_slice).unwrap_or_default();
            let mut output: Vec<Value> =
                items.iter().filter(|item| item["type"] == "message" && item["role"] == "user").cloned().collect();
            output.push(Item::Compaction { id: id("cmp_"), encrypted: seal(caller.account) }.done());
            json!({
                "id": id("resp_"), "object": "response.compaction", "created_at": created, "output": output,
                "usage": usage.responses(0),
            })
        }
        Endpoint::Search => json!({
            "encrypted_output": seal(caller.account), "output": text, "usage": usage.responses(0),
        }),
        Endpoint::Images => {
            let count = request["n"].as_u64().unwrap_or(1).max(1);
            let image = json!({ "b64_json": PIXEL });
            let data: Vec<Value> = (0..count).map(|_| image.clone()).collect();
            let or = |name: &str, usual: &str| request.get(name).cloned().unwrap_or_else(|| json!(usual));
            json!({
                "created": created, "data": data, "background": or("background", "auto"),
                "output_format": "png", "quality": or("quality", "auto"), "size": or("size", "1024x1024"),
                "usage": {
                    "input_tokens": usage.input, "output_tokens": 196 * count,
                    "total_tokens": usage.input + 196 * count,
                    "input_tokens_details": { "text_tokens": usage.input, "image_tokens": 0 },
                },
            })
        }
        Endpoint::Memories => {
            let traces = request["traces"].as_array().map_or(0, Vec::len);
            let output: Vec<Value> =
                (0..traces).map(|_| json!({ "trace_summary": text, "memory_summary": text })).collect();
            json!({ "output": output, "usage": usage.responses(0) })
        }
    }
}
