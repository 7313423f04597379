//! What a client can look up: how much of the plan is used, and where a workspace has its place.

use std::io;

use hyper::http::request::Parts;
use serde_json::json;

use super::caller::admit;
use super::faults::refusal;
use super::meters;
use super::state::ChatGpt;
use crate::faults::awaited;
use crate::reply::Reply;

/// `/backend-api/wham/usage`.
pub(super) async fn usage(state: &ChatGpt, head: &Parts) -> io::Result<Reply> {
    let account = match admit(state, head) {
        Ok(account) => account,
        Err(reply) => return Ok(reply),
    };
    let answer = state.backend().of(account).usage_looks.take();
    let answer = awaited(answer).await?;
    let now = state.common.now();
    let plan = state.issuer().login(account).plan.clone();
    if let Some(reply) = refusal(&answer, "", &plan, now) {
        return Ok(reply);
    }
    let mut backend = state.backend();
    let quota = backend.quota(account, now);
    let standing = backend.of(account);
    let mut credits = standing.credits.document();
    credits["overage_limit_reached"] = json!(false);
    let document = json!({
        "plan_type": plan,
        "rate_limit": quota.rate_limit(now),
        "additional_rate_limits": meters::documents(&standing.meters, now),
        "credits": credits,
        "spend_control": { "reached": false },
    });
    Ok(Reply::json(200, &document))
}

/// `/backend-api/wham/accounts/check`, or the refusal.
pub(super) fn accounts(state: &ChatGpt, head: &Parts) -> Result<Reply, Reply> {
    let account = admit(state, head)?;
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
    Ok(Reply::json(200, &json!({ "accounts": [entry], "default_account_id": login.account_id })))
}

/// What the backend says of a workspace without a place.
const NO_CONSTRAINT: &str = "NO_CONSTRAINT";
