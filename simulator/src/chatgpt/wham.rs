//! What a client can look up: how much of the plan is used, which models there are, and where a workspace has its place.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use hyper::header::IF_NONE_MATCH;
use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::answer::Answer;
use super::backend::admit;
use super::catalogue::Version;
use super::connection::Sent;
use super::faults::{pause, refusal};
use super::form::Fields;
use super::meters::{self, SpendingLimit};
use super::reply::Reply;
use super::state::State;
use crate::body::Ending;

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
        let standing = backend.of(account);
        let is_reached = |limit: SpendingLimit| standing.spending_limit == Some(limit);
        let mut credits = standing.credits.document();
        credits["overage_limit_reached"] = json!(is_reached(SpendingLimit::Overage));
        let document = json!({
            "plan_type": plan,
            "rate_limit": quota.rate_limit(now),
            "additional_rate_limits": meters::documents(&standing.meters, now),
            "credits": credits,
            "spend_control": { "reached": is_reached(SpendingLimit::SpendControl) },
        });
        Reply::json(200, &document)
    });
    Ok((reply, Ending::Clean))
}

/// `/backend-api/wham/accounts/check`.
pub(super) fn accounts(state: &State, head: &Parts) -> Reply {
    let account = match admit(state, head) {
        Ok(account) => account,
        Err(reply) => return reply,
    };
    let nowhere = || (NO_CONSTRAINT.to_owned(), NO_CONSTRAINT.to_owned());
    let (origin, routing) = state.backend().of(account).place.clone().unwrap_or_else(nowhere);
    let login = state.issuer().login(account).clone();
    let entry = json!({
        "id": login.account_id,
        "account_routing_override": routing,
        "name": null,
        "plan_type": login.plan,
        "workspace_backend_origin": origin,
    });
    Reply::json(200, &json!({ "accounts": [entry], "default_account_id": login.account_id }))
}

/// What the backend says of a workspace without a place.
const NO_CONSTRAINT: &str = "NO_CONSTRAINT";

/// `/backend-api/codex/models`.
pub(super) fn models(state: &State, head: &Parts) -> Reply {
    let account = match admit(state, head) {
        Ok(account) => account,
        Err(reply) => return reply,
    };
    let query = Fields::encoded(head.uri.query().unwrap_or_default());
    let client_version = query.get("client_version");
    if client_version.is_empty() {
        let missing = json!({ "type": "missing", "loc": ["query", "client_version"], "msg": "Field required" });
        return Reply::json(422, &json!({ "detail": [missing] }));
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
        return Reply::whole(304, "application/json", Bytes::new()).with("etag", &etag);
    }
    Reply::json(200, &json!({ "models": models })).with("etag", &etag)
}
