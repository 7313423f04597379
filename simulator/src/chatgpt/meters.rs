//! The limits that single models have of their own, and why credits do not serve.

use serde_json::{Value, json};

use super::quota::Quota;
use crate::clock::Timestamp;

/// A limit of some models beside the plan's. What they use counts here and not there.
#[derive(Clone, Debug, PartialEq)]
pub struct Meter {
    /// Its id, such as `codex_bengalfox`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The models that it is of.
    pub models: Vec<String>,
    /// How much of it is used.
    pub quota: Quota,
}

impl Meter {
    /// Adds what it says to the headers of an answer.
    pub(super) fn add_headers(&self, headers: &mut Vec<(String, String)>, now: Timestamp) {
        let prefix = self.id.replace('_', "-");
        headers.extend(self.quota.headers(&prefix, now));
        headers.push((format!("x-{prefix}-limit-name"), self.name.clone()));
    }

    /// Adds its names to the event that reports a quota.
    pub(super) fn add_names(&self, event: &mut Value) {
        event["metered_limit_name"] = json!(self.id);
        event["limit_name"] = json!(self.name);
    }
}

/// The meters as the usage document lists them.
pub(super) fn documents(meters: &[Meter], now: Timestamp) -> Value {
    let document = |meter: &Meter| json!({ "limit_name": meter.name, "metered_feature": meter.id, "rate_limit": meter.quota.rate_limit(now) });
    if meters.is_empty() { Value::Null } else { meters.iter().map(document).collect() }
}
