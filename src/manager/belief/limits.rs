//! Limits that requests met: of a family and a model, of one model alone, or of the whole account. Believed at once, until
//! they end or something proves them over.

use super::facts::Change;
use super::known::Known;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::health::Outcome;
use crate::domain::health::retry_after::SHORTEST_LIMIT;
use crate::domain::pool::{EVERY_FAMILY, model_limit_key};
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::{KnownQuota, QuotaReport};

impl Known {
    /// Takes in a limit that `outcome` proves for a request for this model, if it proves one.
    pub fn limited(
        &mut self,
        account: &AccountId,
        outcome: &Outcome,
        family: &ModelFamily,
        model: Option<&str>,
        now: Timestamp,
    ) -> Option<Change> {
        let change = limit(outcome, family, model, now)?;
        self.stand_in(account, &change, now);
        self.touch();
        Some(change)
    }
}

/// The limit that `outcome` proves, if it proves one: the keys under which it is kept, and until when.
pub(super) fn limit(outcome: &Outcome, family: &ModelFamily, model: Option<&str>, now: Timestamp) -> Option<Change> {
    let (keys, wait) = match outcome {
        Outcome::RateLimited { wait } => (limit_keys(family, model), *wait),
        Outcome::UsageLimited { wait } => (vec![EVERY_FAMILY.to_owned()], *wait),
        // The last of its keys is the model's.
        Outcome::ModelLimited { wait } => (limit_keys(family, model).pop().into_iter().collect(), *wait),
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
        | Outcome::Unreachable => return None,
    };
    Some(Change::Limited { keys, until: now.after(if wait.is_zero() { SHORTEST_LIMIT } else { wait }) })
}

/// The keys under which a limit of the family and the model is kept.
pub(super) fn limit_keys(family: &ModelFamily, model: Option<&str>) -> Vec<String> {
    let model = model.map(|model| model_limit_key(family, model));
    [Some(family.to_string()), model].into_iter().flatten().collect()
}

/// Which of the limits under `limited` a report of the quota ends: that of the whole account where every window of the plan
/// has room, or where credits came that were not there before; that of a model where its meter has room.
pub(super) fn ended_by(
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
    use std::time::Duration;

    use super::*;
    use crate::domain::usage::quota::{Credits, Meter, Quota, QuotaWindow};

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn quota(used_percent: f64) -> Quota {
        let reset_at = NOW.after(Duration::from_secs(60));
        Quota::of(vec![QuotaWindow { used_percent, window_seconds: 18_000, reset_at }])
    }

    #[test]
    fn each_limit_has_its_keys() {
        let wait = Duration::from_secs(9);
        let family = ModelFamily::named("codex");
        for (outcome, model, keys) in [
            (Outcome::RateLimited { wait }, Some("spark"), &["codex", "codex:spark"][..]),
            (Outcome::RateLimited { wait }, None, &["codex"]),
            (Outcome::UsageLimited { wait }, Some("spark"), &["*"]),
            (Outcome::ModelLimited { wait }, Some("spark"), &["codex:spark"]),
            (Outcome::ModelLimited { wait }, None, &["codex"]),
        ] {
            let (keys, until) = (keys.iter().map(ToString::to_string).collect(), NOW.after(wait));
            assert_eq!(limit(&outcome, &family, model, NOW), Some(Change::Limited { keys, until }), "{outcome:?}");
        }
        assert_eq!(limit(&Outcome::OutOfQuota, &family, None, NOW), None);
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
