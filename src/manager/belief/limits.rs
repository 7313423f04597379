//! Limits that requests met: of a family and a model, of one model alone, or of the whole account. Kept here at once and
//! in the file, where siblings see them, until they end or something proves them over.

use std::time::Duration;

use crate::domain::account::AccountId;
use crate::domain::health::retry_after::SHORTEST_LIMIT;
use crate::domain::health::{LONGEST_WAIT, Limit, Outcome};
use crate::domain::pool::{EVERY_FAMILY, model_limit_key};
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::{KnownQuota, QuotaReport};
use crate::manager::Manager;
use crate::manager::memory::Memory;
use crate::manager::router::{Route, RouteRequest, Written};
use crate::store::StoredAccount;

impl Manager {
    /// Takes in a limit that `outcome` proves, if it proves one.
    pub(in crate::manager) fn record_limit(
        &self,
        route: &Route,
        request: &RouteRequest,
        outcome: &Outcome,
    ) -> Option<Written> {
        let (keys, wait) = proved_by(outcome, request)?;
        if !self.is_current(route) {
            return None;
        }
        let now = self.clock.now();
        let until = now.after(if wait.is_zero() { SHORTEST_LIMIT } else { wait });
        {
            let mut memory = self.memory();
            let limits = memory.limits.entry(route.account.clone()).or_default();
            limits.extend(keys.iter().map(|key| (key.clone(), Limit { until, since: Some(now) })));
            memory.limited_since.retain(|_, since| *since <= now && now.since(*since) < LONGEST_WAIT);
            let known = keys.iter().map(|key| ((route.account.clone(), key.clone()), now));
            memory.limited_since.extend(known);
            memory.touch();
        }
        let limited = route.account.clone();
        let change = move |account: &mut StoredAccount, _, now: Timestamp| {
            account.set_limits(keys, until.as_millis(), now.as_millis());
        };
        Some(self.write_of_credential(route, change, move |memory, ()| {
            if let Some(limits) = memory.limits.get_mut(&limited) {
                limits.retain(|_, own| own.until != until);
            }
        }))
    }

    /// Takes in what a limit proves of another request too, which was no attempt of its own.
    pub fn record_limit_too(&self, route: &Route, request: &RouteRequest, outcome: &Outcome) {
        if let Outcome::RateLimited { .. } = outcome {
            drop(self.record_limit(route, request, outcome));
        }
    }
}

impl Memory {
    /// These limits of the account are over.
    pub(in crate::manager) fn end_limits(&mut self, account: &AccountId, keys: &[String]) {
        for key in keys {
            self.limited_since.remove(&(account.clone(), key.clone()));
            if let Some(limits) = self.limits.get_mut(account) {
                limits.remove(key);
            }
        }
    }
}

/// The keys under which a limit is kept that a request met, and for how long.
fn proved_by(outcome: &Outcome, request: &RouteRequest) -> Option<(Vec<String>, Duration)> {
    match outcome {
        Outcome::RateLimited { wait } => Some((limit_keys(request), *wait)),
        Outcome::UsageLimited { wait } => Some((vec![EVERY_FAMILY.to_owned()], *wait)),
        // The last of its keys is the model's.
        Outcome::ModelLimited { wait } => Some((limit_keys(request).pop().into_iter().collect(), *wait)),
        Outcome::Success
        | Outcome::PassThrough
        | Outcome::TooLarge
        | Outcome::OutOfQuota
        | Outcome::CredentialRefused { .. }
        | Outcome::Misassigned
        | Outcome::AccountRefused { .. }
        | Outcome::Blocked { .. }
        | Outcome::RefusedHere
        | Outcome::ModelUnavailable { .. }
        | Outcome::ServerFailure { .. }
        | Outcome::Unreachable => None,
    }
}

/// The keys under which a limit of the request's family and model is kept.
fn limit_keys(request: &RouteRequest) -> Vec<String> {
    let model = request.model.as_ref().map(|model| model_limit_key(&request.family, model));
    [Some(request.family.to_string()), model].into_iter().flatten().collect()
}

/// The limits of the request's family and model, and of the whole account, that were known before the attempt began: its
/// success proves them over.
pub(in crate::manager) fn proved_over(
    memory: &Memory,
    route: &Route,
    request: &RouteRequest,
    began: Timestamp,
) -> Vec<String> {
    if memory.limited_since.is_empty() {
        return Vec::new();
    }
    let mut keys = limit_keys(request);
    keys.push(EVERY_FAMILY.to_owned());
    keys.retain(|key| {
        let known = (route.account.clone(), key.clone());
        memory.limited_since.get(&known).is_some_and(|since| *since < began)
    });
    keys
}

/// Which of the limits under `limited` a report of the quota ends: that of the whole account where every window of the plan
/// has room, or where credits came that were not there before; that of a model where its meter has room.
pub(in crate::manager) fn ended_by(
    report: &QuotaReport,
    before: &KnownQuota,
    after: &KnownQuota,
    limited: &[String],
    now: Timestamp,
) -> Vec<String> {
    let has_room = report.quota.is_some() && after.quota.used_at(now) < 100.0;
    let has_new_credits = after.has_credits() && !before.has_credits();
    let with_room = |name: &str| {
        let meter = after.meters.iter().find(|meter| meter.name == name)?;
        meter.model.as_deref().filter(|_| meter.quota.used_at(now) < 100.0)
    };
    let models: Vec<&str> = report.meters.iter().filter_map(|meter| with_room(&meter.name)).collect();
    let is_over = |key: &&String| match key.split_once(':') {
        // One that stands with its family's is a rate limit, of which a meter says nothing.
        Some((family, model)) => models.contains(&model) && !limited.iter().any(|other| other == family),
        None => key.as_str() == EVERY_FAMILY && (has_room || has_new_credits),
    };
    limited.iter().filter(is_over).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::ModelFamily;
    use crate::domain::usage::quota::{Credits, Meter, Quota, QuotaWindow};

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn quota(used_percent: f64) -> Quota {
        let reset_at = NOW.after(Duration::from_secs(60));
        Quota::of(vec![QuotaWindow { used_percent, window_seconds: 18_000, reset_at }])
    }

    #[test]
    fn each_limit_has_its_keys() {
        let wait = Duration::from_secs(9);
        let request = |model: Option<&str>| RouteRequest {
            model: model.map(str::to_owned),
            family: ModelFamily::named("codex"),
            ..RouteRequest::default()
        };
        for (outcome, model, keys) in [
            (Outcome::RateLimited { wait }, Some("spark"), &["codex", "codex:spark"][..]),
            (Outcome::RateLimited { wait }, None, &["codex"]),
            (Outcome::UsageLimited { wait }, Some("spark"), &["*"]),
            (Outcome::ModelLimited { wait }, Some("spark"), &["codex:spark"]),
            (Outcome::ModelLimited { wait }, None, &["codex"]),
        ] {
            let proved = proved_by(&outcome, &request(model)).unwrap();
            assert_eq!(proved, (keys.iter().map(ToString::to_string).collect(), wait), "{outcome:?}");
        }
        assert_eq!(proved_by(&Outcome::OutOfQuota, &request(None)), None);
    }

    #[test]
    fn fresh_data_ends_the_limit_that_it_is_about() {
        let meter =
            |used| Meter { name: "codex_bengalfox".to_owned(), model: Some("spark".to_owned()), quota: quota(used) };
        let credits = || Some(Credits { has_credits: true, ..Credits::default() });
        let of_plan = |used| QuotaReport { quota: Some(quota(used)), ..QuotaReport::default() };
        let of_meter = |used| QuotaReport { meters: vec![meter(used)], ..QuotaReport::default() };
        let of_credits = || QuotaReport { credits: credits(), ..QuotaReport::default() };
        let nothing = KnownQuota::default();
        let has_credits = KnownQuota { credits: credits(), ..KnownQuota::default() };
        for (report, before, limited, ended) in [
            (of_plan(99.0), &nothing, &["*", "codex:spark"][..], &["*"][..]),
            (of_plan(100.0), &nothing, &["*"], &[]),
            (of_plan(9.0), &nothing, &["codex", "codex:spark"], &[]),
            (of_meter(99.0), &nothing, &["*", "codex:spark", "codex:other"], &["codex:spark"]),
            (of_meter(100.0), &nothing, &["codex:spark"], &[]),
            (of_meter(9.0), &nothing, &["codex", "codex:spark"], &[]),
            (of_credits(), &nothing, &["*", "codex:spark"], &["*"]),
            (of_credits(), &has_credits, &["*"], &[]),
        ] {
            let limited: Vec<String> = limited.iter().map(ToString::to_string).collect();
            let found = ended_by(&report, before, &before.updated(&report, NOW), &limited, NOW);
            assert_eq!(found, ended, "{report:?} {limited:?}");
        }
    }
}
