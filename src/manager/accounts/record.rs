//! What the accounts file says of an account, in the domain's words: read for the pool, and written as attempts prove it.

use std::collections::BTreeMap;

use super::recorded_quota;
use crate::domain::health::model_refusal::{ModelRefusal, remember};
use crate::domain::health::{Cooldown, Limit};
use crate::domain::time::Timestamp;
use crate::manager::belief::{Change, Facts, Reported};
use crate::store::StoredAccount;

/// What the file says of the account, as far as it is believed at `now`.
pub fn facts(account: &StoredAccount, now: Timestamp) -> Facts {
    Facts {
        limits: limits(account),
        cooldown: cooldown(account),
        needs_login: account.needs_login.unwrap_or(false),
        unserved: unserved(account),
        quota: quota(account, now),
        over_limit: None,
    }
}

/// What the file says of its quota.
pub fn quota(account: &StoredAccount, now: Timestamp) -> Reported {
    recorded_quota::read(account, now)
}

/// Writes what an attempt proved of the account.
pub fn write(account: &mut StoredAccount, change: &Change, now: Timestamp) {
    match change {
        Change::Limited { keys, until } => {
            account.set_limits(keys.iter().cloned(), until.as_millis(), now.as_millis());
        }
        Change::Benched { cooldown, needs_login } => {
            account.cooling_down_until = Some(cooldown.until.as_millis());
            account.cooling_down_since = Some(now.as_millis());
            account.cooldown_reason = Some(cooldown.reason.clone());
            if *needs_login {
                account.needs_login = Some(true);
            }
        }
        Change::Unserved { model, refusal } => {
            let mut models = unserved(account);
            remember(&mut models, model.clone(), *refusal, now);
            write_unserved(&models, account);
        }
        Change::Served { limits, model, ends_bench } => {
            account.retain_limits(|key, _| !limits.iter().any(|over| over == key));
            if let Some(model) = model {
                account.unserved_models.remove(model);
                account.unserved_versions.remove(model);
            }
            if *ends_bench {
                account.end_cooldown();
                account.needs_login = None;
            }
        }
        Change::Quota { report, at, limits } => {
            if !recorded_quota::is_news(*at, account, now) {
                return;
            }
            // A sibling may have learned of other windows meanwhile.
            let known = quota(account, now).known.updated(report, *at);
            account.retain_limits(|key, _| !limits.iter().any(|over| over == key));
            recorded_quota::write(account, &Reported { known, at: *at });
            if report.plan.is_some() {
                account.plan.clone_from(&report.plan);
            }
        }
    }
}

fn limits(account: &StoredAccount) -> BTreeMap<String, Limit> {
    let since = |key: &str| account.rate_limit_set_times.get(key).copied().map(Timestamp);
    let limit = |(key, until): (&String, &i64)| (key.clone(), Limit { until: Timestamp(*until), since: since(key) });
    account.rate_limit_reset_times.iter().map(limit).collect()
}

fn cooldown(account: &StoredAccount) -> Option<Cooldown> {
    let until = Timestamp(account.cooling_down_until?);
    let since = account.cooling_down_since.map(Timestamp);
    Some(Cooldown { until, since, reason: account.cooldown_reason.clone().unwrap_or_default() })
}

/// The models that the account was refused: every process knows for an hour what one met.
fn unserved(account: &StoredAccount) -> BTreeMap<String, ModelRefusal> {
    let version = |model: &String| account.unserved_versions.get(model)?.parse().ok();
    let refusal = |(model, until): (&String, &i64)| {
        (model.clone(), ModelRefusal { until: Timestamp(*until), version: version(model) })
    };
    account.unserved_models.iter().map(refusal).collect()
}

fn write_unserved(models: &BTreeMap<String, ModelRefusal>, account: &mut StoredAccount) {
    let version = |(model, refusal): (&String, &ModelRefusal)| Some((model.clone(), refusal.version?.to_string()));
    account.unserved_versions = models.iter().filter_map(version).collect();
    account.unserved_models =
        models.iter().map(|(model, refusal)| (model.clone(), refusal.until.as_millis())).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_models_that_are_written_are_read_again_and_an_older_file_says_no_version() {
        let refusal = |until: i64, version: Option<&str>| ModelRefusal {
            until: Timestamp(until),
            version: version.map(|text| text.parse().unwrap()),
        };
        let models = BTreeMap::from([
            ("gpt-6-sol".to_owned(), refusal(5, Some("0.150.0"))),
            ("gpt-4o".to_owned(), refusal(7, None)),
        ]);
        let mut account = StoredAccount::default();
        write_unserved(&models, &mut account);
        assert_eq!(unserved(&account), models);
        account.unserved_versions.clear();
        assert_eq!(unserved(&account)["gpt-6-sol"], refusal(5, None));
    }
}
