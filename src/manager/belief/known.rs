//! What is believed of each account, and what becomes of it as the accounts file takes it over.

use std::collections::{BTreeMap, HashMap};

use super::facts::{Change, Facts, Reported};
use super::siblings::Siblings;
use crate::domain::account::AccountId;
use crate::domain::health::model_refusal::ModelRefusal;
use crate::domain::health::{Cooldown, Limit};
use crate::domain::time::Timestamp;
use crate::manager::session::Changes;

/// Limits of all accounts whose beginning is remembered.
const MOST_LIMITS: usize = 4_096;

/// What is believed of all accounts.
#[derive(Default)]
pub struct Known {
    pub(super) accounts: HashMap<AccountId, Account>,
    /// What siblings know together.
    pub siblings: Siblings,
    changes: Changes,
}

/// What is believed of one account beyond the file.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Since when each limit is known here, by its key.
    pub(super) limited_since: HashMap<String, Timestamp>,
    /// Limits that are on their way to the file.
    pub(super) limits: BTreeMap<String, Limit>,
    /// Models that it does not have, on their way to the file.
    pub(super) unserved: BTreeMap<String, ModelRefusal>,
    /// Its quota, on its way to the file.
    pub(super) quota: Option<Reported>,
    /// Its bench, on its way to the file.
    pub(super) bench: Option<Bench>,
    /// When this process asked for its quota last.
    pub(super) asked_at: Option<Timestamp>,
}

/// A bench that is on its way to the file.
#[derive(Clone, Debug)]
pub(super) struct Bench {
    /// Until when and why.
    pub(super) cooldown: Cooldown,
    /// The key was refused.
    pub(super) needs_login: bool,
}

impl Account {
    fn is_empty(&self) -> bool {
        self.limited_since.is_empty()
            && self.limits.is_empty()
            && self.unserved.is_empty()
            && self.quota.is_none()
            && self.bench.is_none()
            && self.asked_at.is_none()
    }

    /// These limits are over.
    pub(super) fn end_limits(&mut self, keys: &[String]) {
        for key in keys {
            self.limited_since.remove(key);
            self.limits.remove(key);
        }
    }
}

impl Known {
    /// Nothing yet.
    pub fn new(changes: Changes) -> Known {
        Known { siblings: Siblings::new(changes.clone()), changes, ..Known::default() }
    }

    /// Something changed that the pool shows.
    pub(super) fn touch(&self) {
        self.changes.touch();
    }

    /// What is believed of the account, of which the file says `of_file`.
    pub fn facts(&self, account: &AccountId, of_file: Facts, now: Timestamp) -> Facts {
        let over_limit = self.siblings.over_limit(account);
        let Some(own) = self.accounts.get(account) else {
            return Facts { over_limit, quota: of_file.quota.or_later(None, now), ..of_file };
        };
        let Facts { mut limits, cooldown, needs_login, mut unserved, quota, .. } = of_file;
        for (key, limit) in &own.limits {
            let entry = limits.entry(key.clone()).or_insert(*limit);
            if entry.until < limit.until {
                *entry = *limit;
            }
        }
        unserved.extend(own.unserved.iter().map(|(model, refusal)| (model.clone(), *refusal)));
        Facts {
            limits,
            cooldown: own.bench.as_ref().map(|bench| bench.cooldown.clone()).or(cooldown),
            needs_login: needs_login || own.bench.as_ref().is_some_and(|bench| bench.needs_login),
            unserved,
            quota: quota.or_later(own.quota.as_ref(), now),
            over_limit,
        }
    }

    /// `change` of the account is in the file: what stood in for it is forgotten.
    pub fn written(&mut self, account: &AccountId, change: &Change) {
        let Some(own) = self.accounts.get_mut(account) else { return };
        match change {
            Change::Limited { until, .. } => own.limits.retain(|_, limit| limit.until != *until),
            Change::Benched { .. } => own.bench = None,
            Change::Unserved { model, .. } => drop(own.unserved.remove(model)),
            Change::Quota { at, .. } => drop(own.quota.take_if(|quota| quota.at == *at)),
            Change::Served { .. } => {}
        }
    }

    /// The account has a new credential: what was known against the old one is forgotten.
    pub fn believe_again(&mut self, account: &AccountId) {
        if let Some(own) = self.accounts.get_mut(account) {
            own.bench = None;
        }
    }

    /// Forgets limits that are over, and of too many the ones that were met first: they are kept by the names of models,
    /// which clients make up.
    pub fn forget_old_limits(&mut self, now: Timestamp) {
        self.accounts.values_mut().for_each(|own| own.limits.retain(|_, limit| limit.until > now));
        let count: usize = self.accounts.values().map(|own| own.limited_since.len()).sum();
        if count > MOST_LIMITS {
            let all = self.accounts.values().flat_map(|own| own.limited_since.values().copied());
            let mut times: Vec<Timestamp> = all.collect();
            let (_, first_kept, _) = times.select_nth_unstable(count - MOST_LIMITS / 2);
            let first_kept = *first_kept;
            self.accounts.values_mut().for_each(|own| own.limited_since.retain(|_, since| *since > first_kept));
        }
        self.accounts.retain(|_, own| !own.is_empty());
    }

    /// Forgets what is known of accounts that are gone: a long-lived process sees many come and go.
    pub fn forget_accounts_but(&mut self, is_there: impl Fn(&AccountId) -> bool) {
        self.accounts.retain(|id, _| is_there(id));
        self.siblings.forget_accounts_but(is_there);
    }
}

#[cfg(test)]
mod tests;
