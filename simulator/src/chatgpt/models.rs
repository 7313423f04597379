//! `/backend-api/codex/models`: the models that an account may use, as far as its client is new enough for them.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use hyper::header::IF_NONE_MATCH;
use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::caller::admit;
use super::catalogue::Version;
use super::form::Fields;
use super::state::ChatGpt;
use crate::reply::Reply;

/// `/backend-api/codex/models`, or the refusal.
pub(super) fn list(state: &ChatGpt, head: &Parts) -> Result<Reply, Reply> {
    let account = admit(state, head)?;
    let query = Fields::encoded(head.uri.query().unwrap_or_default());
    let client_version = query.get("client_version");
    if client_version.is_empty() {
        let missing = json!({ "type": "missing", "loc": ["query", "client_version"], "msg": "Field required" });
        return Err(Reply::json(422, &json!({ "detail": [missing] })));
    }
    let version = Version::of(client_version);
    let backend = state.backend();
    let served =
        backend.models_of(account).iter().filter(|model| backend.version_gate.is_none() || model.serves(version));
    let models: Vec<Value> = served.enumerate().map(|(at, model)| model.document(at + 1)).collect();
    let slugs: Vec<&str> = models.iter().filter_map(|model| model["slug"].as_str()).collect();
    let mut hasher = DefaultHasher::new();
    slugs.hash(&mut hasher);
    let etag = format!("\"{:016x}\"", hasher.finish());
    if head.headers.get(IF_NONE_MATCH).is_some_and(|known| *known == etag) {
        return Ok(Reply::whole(304, "application/json", Bytes::new()).with("etag", &etag));
    }
    Ok(Reply::json(200, &json!({ "models": models })).with("etag", &etag))
}
