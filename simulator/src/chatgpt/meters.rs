//! Which limit a request counts against: the plan's, or one that its model has of its own. And what serves beyond the plan.

use serde_json::{Value, json};

use super::quota::{Credits, Quota};
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

/// Why credits do not serve although there are some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpendingLimit {
    /// `overage_limit_reached` of the credits.
    Overage,
    /// `reached` of the workspace's spend control.
    SpendControl,
}

/// What a request counts against.
pub(super) struct Limit {
    pub(super) quota: Quota,
    /// The meter whose quota that is; `None` is the plan.
    pub(super) meter: Option<Meter>,
}

impl Limit {
    /// The headers of an answer. The plan's windows are those of the meter where there is one, as in reality.
    pub(super) fn headers(&self, credits: &Credits, plan: &str, now: Timestamp) -> Vec<(String, String)> {
        let mut headers = self.quota.headers("codex", now);
        if let Some(meter) = &self.meter {
            let prefix = meter.id.replace('_', "-");
            headers.extend(self.quota.headers(&prefix, now));
            headers.push((format!("x-{prefix}-limit-name"), meter.name.clone()));
        }
        let active = self.meter.as_ref().map_or("codex", |meter| &meter.id);
        headers.push(("x-codex-active-limit".to_owned(), active.to_owned()));
        headers.extend(credits.headers());
        headers.push(("x-codex-plan-type".to_owned(), plan.to_owned()));
        headers
    }

    /// The event that reports the same inside a stream.
    pub(super) fn event(&self, credits: &Credits, plan: &str) -> Value {
        let mut event = self.quota.event(credits, plan);
        if let Some(meter) = &self.meter {
            event["metered_limit_name"] = json!(meter.id);
            event["limit_name"] = json!(meter.name);
        }
        event
    }
}

/// The meters as the usage document lists them.
pub(super) fn documents(meters: &[Meter], now: Timestamp) -> Value {
    let document = |meter: &Meter| json!({ "limit_name": meter.name, "metered_feature": meter.id, "rate_limit": meter.quota.rate_limit(now) });
    if meters.is_empty() { Value::Null } else { meters.iter().map(document).collect() }
}
