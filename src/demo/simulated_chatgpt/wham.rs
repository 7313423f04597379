//! What a client can look up: how much of the plan is used, and which models there are.

use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::answer::Answer;
use super::backend::admit;
use super::connection::Sent;
use super::faults::{pause, refusal};
use super::form::Fields;
use super::reply::Reply;
use super::state::State;
use crate::demo::loopback::body::Ending;

/// `/backend-api/wham/usage`.
pub(super) async fn usage(state: &State, head: &Parts) -> Sent {
    let account = match admit(state, head) {
        Ok(account) => account,
        Err(reply) => return Ok((reply, Ending::Clean)),
    };
    let answer = state.backend().of(account).usage_scripted.pop_front().unwrap_or(Answer::Normal);
    pause(&answer).await?;
    let now = state.now();
    let plan = state.issuer().login(account).plan.clone();
    let reply = refusal(&answer, "", &plan, now).unwrap_or_else(|| {
        let mut backend = state.backend();
        let quota = backend.quota(account, now);
        Reply::json(200, &quota.document(&backend.of(account).credits, &plan, now))
    });
    Ok((reply, Ending::Clean))
}

/// `/backend-api/codex/models`.
pub(super) fn models(state: &State, head: &Parts) -> Reply {
    let account = match admit(state, head) {
        Ok(account) => account,
        Err(reply) => return reply,
    };
    if Fields::encoded(head.uri.query().unwrap_or_default()).get("client_version").is_empty() {
        let missing = json!({ "type": "missing", "loc": ["query", "client_version"], "msg": "Field required" });
        return Reply::json(422, &json!({ "detail": [missing] }));
    }
    let backend = state.backend();
    let models = backend.models_of(account).iter().enumerate().map(|(at, slug)| model(at, slug));
    Reply::json(200, &json!({ "models": models.collect::<Vec<Value>>() })).with("etag", "\"simulated\"")
}

fn model(at: usize, slug: &str) -> Value {
    let effort = |effort: &str| json!({ "effort": effort, "description": format!("{effort} reasoning") });
    let levels = ["low", "medium", "high", "xhigh"].map(effort);
    json!({
        "slug": slug,
        "display_name": slug,
        "description": "A simulated model.",
        "default_reasoning_level": "medium",
        "supported_reasoning_levels": levels,
        "shell_type": "shell_command",
        "visibility": "list",
        "minimal_client_version": "0.60.0",
        "supported_in_api": true,
        "priority": at + 1,
        "context_window": 272_000,
        "supports_reasoning_summaries": true,
        "support_verbosity": true,
        "default_verbosity": "medium",
        "supports_parallel_tool_calls": true,
        "input_modalities": ["text", "image"],
    })
}
