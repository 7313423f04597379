//! `/v1/models`: a short list of real names. Calls are answered for any model, listed or not.

use serde_json::{Value, json};

use crate::reply::Reply;

const MODELS: [(&str, i64); 10] = [
    ("gpt-5.4", 1_772_000_000),
    ("gpt-5.3-codex", 1_770_000_000),
    ("gpt-5.2", 1_765_000_000),
    ("gpt-5-mini", 1_754_425_928),
    ("gpt-4.1", 1_744_316_542),
    ("gpt-4o", 1_715_367_049),
    ("gpt-4o-mini", 1_721_172_741),
    ("o3", 1_744_225_308),
    ("text-embedding-3-large", 1_705_953_180),
    ("text-embedding-3-small", 1_705_948_997),
];

pub(super) fn list() -> Reply {
    let data: Vec<Value> = MODELS.iter().map(|&(id, created)| model(id, created)).collect();
    Reply::json(200, &json!({ "object": "list", "data": data }))
}

pub(super) fn retrieve(id: &str) -> Reply {
    match MODELS.iter().find(|(name, _)| *name == id) {
        Some(&(name, created)) => Reply::json(200, &model(name, created)),
        None => Reply::error(
            404,
            "invalid_request_error",
            Some("model_not_found"),
            Some("model"),
            &format!("The model '{id}' does not exist"),
        ),
    }
}

fn model(id: &str, created: i64) -> Value {
    json!({ "id": id, "object": "model", "created": created, "owned_by": "system" })
}
