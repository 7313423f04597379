//! The answer where no account serves the model.

use hyper::{Response, StatusCode};
use serde_json::json;

use crate::domain::client_version::ClientVersion;
use crate::domain::pool::Pool;
use crate::domain::routing::decision::{Candidate, Exhausted};
use crate::domain::routing::eligibility::Reason;
use crate::domain::time::Timestamp;
use crate::manager::router::RouteRequest;
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::errors::exhausted::{accounts, reasons};
use crate::proxy::answer::errors::say_retry;
use crate::proxy::answer::ours;

/// Whether every account that may be used lacks the model: time mends nothing then.
pub fn is_unknown(exhausted: &Exhausted) -> bool {
    let has = |candidate: &Candidate, reason| candidate.reasons().any(|its| its == reason);
    let may_be_used = || exhausted.candidates.iter().filter(|candidate| !has(candidate, Reason::NotAllowed));
    let lacks = |it: &Candidate| has(it, Reason::NotServed) || has(it, Reason::ModelNotInScope);
    may_be_used().all(lacks) && may_be_used().any(|candidate| has(candidate, Reason::NotServed))
}

/// What to do where a login's backend does not serve a model to a client of this version.
pub fn version_advice(version: ClientVersion) -> String {
    format!(
        "The request was sent as Codex {version}: if a newer version has this model, update Codex or raise `chatgpt.client_version`; else \
         choose a model that `GET /v1/models` lists, or add an API key with `codex-account-manager add LABEL`."
    )
}

pub fn unknown_model(
    exhausted: &Exhausted,
    pool: &Pool,
    request: &RouteRequest,
    now: Timestamp,
) -> Response<ProxyBody> {
    let (model, version) = (request.model.as_deref().unwrap_or_default(), request.client_version);
    let accounts = accounts(exhausted, pool, request);
    let reasons = reasons(exhausted, pool, request);
    let is_of_version = |candidate: &Candidate| {
        let refusal = pool.members.get(candidate.position).and_then(|member| member.unserved.get(model));
        refusal.is_some_and(|refusal| refusal.holds(version, now) && refusal.version.is_some())
    };
    let advice = if exhausted.candidates.iter().any(is_of_version) {
        version_advice(version)
    } else {
        "`GET /v1/models` lists those that are served.".to_owned()
    };
    let narrowed = request.narrowed_by(pool);
    let message = format!("No account serves the model `{model}`.{reasons}{narrowed} {advice}");
    let error = json!({"message": message, "type": "invalid_request_error", "param": "model", "code": "model_not_found",
        "accounts": accounts});
    let mut response = ours::json(StatusCode::NOT_FOUND, &json!({ "error": error }));
    say_retry(response.headers_mut(), false);
    response
}
