//! What an account may ask: its model, what Responses Lite supports, and what it made itself.

use serde_json::Value;

use super::caller::Caller;
use super::catalogue::Version;
use super::refusals::model_not_supported;
use super::state::ChatGpt;
use super::{lite, sealed, structured};
use crate::reply::Reply;

/// Whether the account of `caller` may ask for a response to `request`; else the refusal.
pub(super) fn checked(state: &ChatGpt, caller: &Caller, request: &Value) -> Result<(), Reply> {
    check_model(state, caller, request)?;
    lite::checked(caller, request)?;
    structured::checked(request)?;
    sealed::checked(caller.account, request)
}

/// Whether the account of `caller` may use the model that `request` names; else the refusal.
pub(super) fn check_model(state: &ChatGpt, caller: &Caller, request: &Value) -> Result<(), Reply> {
    let slug = request["model"].as_str().unwrap_or_default();
    let backend = state.backend();
    let model = backend.models_of(caller.account).iter().find(|model| model.slug == slug);
    let model = model.ok_or_else(|| model_not_supported(slug))?;
    let version = caller.header("version").and_then(Version::of);
    if let Some(refusal) = backend.version_gate.filter(|_| !model.serves(version)) {
        return Err(refusal.reply(slug));
    }
    match request["service_tier"].as_str() {
        Some(tier) if !model.service_tiers.iter().any(|known| known == tier) => {
            Err(Reply::detail(400, &format!("Unsupported service_tier: {tier}")))
        }
        Some(_) | None => Ok(()),
    }
}
