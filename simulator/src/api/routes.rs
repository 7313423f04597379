//! Which endpoint answers which path.

use hyper::header::{CONTENT_ENCODING, HeaderMap, UPGRADE};
use serde_json::json;

use super::call::Call;
use super::{chat, embeddings, errors, files, models, owned, responses};
use crate::reply::Reply;

/// Collections of the real API that are not simulated: their answers tell what was asked.
const ECHOED: [&str; 20] = [
    "assistants",
    "audio",
    "batches",
    "chat",
    "containers",
    "conversations",
    "evals",
    "files",
    "fine_tuning",
    "images",
    "models",
    "moderations",
    "organization",
    "realtime",
    "responses",
    "skills",
    "threads",
    "uploads",
    "vector_stores",
    "videos",
];

/// The normal answer to `call` where there are responses alone.
pub(super) fn responses(call: &Call, _: &HeaderMap) -> Reply {
    match (call.method, call.path) {
        ("POST", "/v1/responses") => responses::create(call),
        _ => errors::unknown_path(call),
    }
}

/// The normal answer to `call`.
pub(super) fn reply(call: &Call, headers: &HeaderMap) -> Reply {
    let Some(path) = call.path.strip_prefix("/v1/") else {
        return errors::unknown_path(call);
    };
    if !matches!(call.method, "GET" | "POST" | "DELETE" | "PUT" | "PATCH") {
        return errors::wrong_method(call, "GET, POST, DELETE");
    }
    if headers.contains_key(UPGRADE) {
        return upgrade_required();
    }
    if headers.contains_key(CONTENT_ENCODING) {
        return errors::not_json();
    }
    if let Some(reply) = owned::refusal(call).or_else(|| owned::reply(call, path)) {
        return reply;
    }
    match (path, call.method) {
        ("responses", "POST") => responses::create(call),
        ("chat/completions", "POST") => chat::create(call),
        ("completions", "POST") => chat::create_legacy(call),
        ("embeddings", "POST") => embeddings::create(call),
        ("responses" | "completions" | "embeddings", _) => errors::wrong_method(call, "POST"),
        ("chat/completions", method) if method != "GET" => errors::wrong_method(call, "GET, POST"),
        ("models", "GET") => models::list(),
        ("models", _) => errors::wrong_method(call, "GET"),
        ("files", "POST") => files::create(call, headers),
        ("files", "GET") => files::list(),
        ("files", _) => errors::wrong_method(call, "GET, POST"),
        (path, method) => match (path.split_once('/'), method) {
            (Some(("responses", id)), "GET") if !id.contains('/') => responses::retrieve(call, id),
            (Some(("responses", rest)), "POST") if rest.ends_with("/cancel") => {
                responses::cancel(call, rest.trim_end_matches("/cancel"))
            }
            (Some(("files", id)), "GET") if !id.contains('/') => files::retrieve(call, id),
            (Some(("models", id)), "GET") => models::retrieve(id),
            _ => echo(call, path),
        },
    }
}

fn echo(call: &Call, path: &str) -> Reply {
    let collection = path.split('/').next().unwrap_or_default();
    if !ECHOED.contains(&collection) {
        return errors::unknown_path(call);
    }
    Reply::json(
        200,
        &json!({
            "object": "echo", "method": call.method, "path": call.path, "body_bytes": call.body.len()
        }),
    )
}

/// There is no WebSocket at this path; 426 makes clients fall back to HTTP at once.
fn upgrade_required() -> Reply {
    let message = "There is no WebSocket here; use HTTP instead.";
    Reply::error(426, "invalid_request_error", Some("upgrade_required"), None, message).with("upgrade", "HTTP/1.1")
}
