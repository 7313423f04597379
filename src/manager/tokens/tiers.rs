//! Which service tiers a login's backend lists for each model: a request that asks for another one goes without.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::header::{ACCEPT, HeaderValue};
use serde_json::Value;

use super::Tokens;
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::translate::listed_tiers;

/// A catalogue is believed for so long.
const FRESH: Duration = Duration::from_secs(3600);

/// A backend that does not answer in this time is not waited for, and not asked again for a while.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_secs(60);

/// What backends listed last.
#[derive(Debug, Default)]
pub(super) struct Tiers {
    of: HashMap<String, Vec<String>>,
    /// When that was, and when it was asked for.
    listed_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
}

impl Tiers {
    fn note(&mut self, catalogue: &Value, now: Timestamp) {
        let listed = listed_tiers(catalogue);
        if !listed.is_empty() {
            self.of.extend(listed);
            self.listed_at = Some(now);
        }
    }

    /// Whether a backend is to be asked now; if so, nobody else asks meanwhile.
    fn begin_to_ask(&mut self, now: Timestamp) -> bool {
        let is_within = |at: Option<Timestamp>, span: Duration| at.is_some_and(|at| at <= now && now.since(at) < span);
        let is_due = !is_within(self.listed_at, FRESH) && !is_within(self.asked_at, PAUSE);
        if is_due {
            self.asked_at = Some(now);
        }
        is_due
    }
}

impl Tokens {
    /// The tiers that are listed for `model`. The backend of `account` is asked when nothing is known that is fresh. `None`
    /// when it lists no such model, or does not say.
    pub async fn tiers_of(self: &Arc<Self>, account: &AccountId, model: &str) -> Option<Vec<String>> {
        let now = self.session.now();
        if self.tiers().begin_to_ask(now) {
            let ours = self.session.config().client_version();
            let mut said = self.says_of_itself();
            said.insert(ACCEPT, HeaderValue::from_static("application/json"));
            let version = ours.to_string();
            // What it answers is noted where it comes in.
            match tokio::time::timeout(PATIENCE, self.models_of(account, &version, &said)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::debug!("the backend does not list its tiers: {error}"),
                Err(_) => tracing::debug!("the backend does not list its tiers in time"),
            }
        }
        self.tiers().of.get(model).cloned()
    }

    /// A backend listed its models.
    pub(super) fn note_tiers(&self, catalogue: &Value) {
        let now = self.session.now();
        self.tiers().note(catalogue, now);
    }

    fn tiers(&self) -> MutexGuard<'_, Tiers> {
        self.tiers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_catalogue_is_asked_for_when_it_is_old_and_by_one_request_at_a_time() {
        let at = |seconds: i64| Timestamp(1_000_000 + seconds * 1000);
        let mut tiers = Tiers::default();
        assert!(tiers.begin_to_ask(at(0)));
        assert!(!tiers.begin_to_ask(at(59)), "nobody answered yet");
        assert!(tiers.begin_to_ask(at(60)));
        tiers.note(&json!({ "models": [{ "slug": "m", "service_tiers": [{ "id": "priority" }] }] }), at(61));
        assert_eq!(tiers.of["m"], ["priority"]);
        assert!(!tiers.begin_to_ask(at(3600)));
        assert!(tiers.begin_to_ask(at(3661)));
        assert!(tiers.begin_to_ask(at(-1)), "a clock that was set back");
        tiers.note(&json!({ "models": [] }), at(3662));
        assert_eq!(tiers.of["m"], ["priority"], "an empty answer says nothing");
    }
}
