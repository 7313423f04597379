//! Which limit a request counts against: the plan's, or one that its model has of its own.

use serde_json::Value;

use super::meters::Meter;
use super::quota::{Credits, Quota};
use crate::clock::Timestamp;

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
        let active = self.meter.as_ref().map_or("codex", |meter| {
            meter.add_headers(&mut headers, now);
            &meter.id
        });
        headers.push(("x-codex-active-limit".to_owned(), active.to_owned()));
        headers.extend(credits.headers());
        headers.push(("x-codex-plan-type".to_owned(), plan.to_owned()));
        headers
    }

    /// The event that reports the same inside a stream.
    pub(super) fn event(&self, credits: &Credits, plan: &str) -> Value {
        let mut event = self.quota.event(credits, plan);
        if let Some(meter) = &self.meter {
            meter.add_names(&mut event);
        }
        event
    }
}
