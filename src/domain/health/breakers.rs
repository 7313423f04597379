//! The breakers of accounts and hosts together: one rule of what a failure and a success mean, for what a process believes
//! and for what the ledger keeps.

use std::collections::{BTreeSet, HashMap};

use super::Gate;
use super::breaker::{Breaker, BreakerSettings};
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;

/// Whose breaker it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BreakerKey {
    /// An account's.
    Account(AccountId),
    /// An upstream host's, shared by its accounts.
    Host(String),
}

/// A breaker that counts at least one failure, and the host its last one came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// The breaker.
    pub breaker: Breaker,
    /// The host.
    pub host: String,
}

/// What an attempt showed of the breakers of its account and of its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerNote {
    /// Both are well.
    Succeeded,
    /// It failed.
    Failed {
        /// When a breaker opens and for how long.
        settings: BreakerSettings,
        /// The host said that it is too busy: nothing the account is to blame for.
        overloaded: bool,
    },
}

/// The breakers that count at least one failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breakers(HashMap<BreakerKey, Counted>);

impl FromIterator<(BreakerKey, Counted)> for Breakers {
    fn from_iter<I: IntoIterator<Item = (BreakerKey, Counted)>>(counted: I) -> Breakers {
        Breakers(counted.into_iter().collect())
    }
}

impl Breakers {
    /// Whether no failure is counted anywhere.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The breaker with this key, if it counts a failure.
    pub fn get(&self, key: &BreakerKey) -> Option<&Counted> {
        self.0.get(key)
    }

    /// Every breaker that counts a failure.
    pub fn iter(&self) -> impl Iterator<Item = (&BreakerKey, &Counted)> {
        self.0.iter()
    }

    /// Adds those of `others` that are not known here.
    pub fn add_unknown(&mut self, others: Breakers) {
        for (key, counted) in others.0 {
            self.0.entry(key).or_insert(counted);
        }
    }

    /// Takes in what an attempt with `account` at `host`, which is empty when there is none to blame, showed at `at`. Returns
    /// which breakers changed.
    pub fn apply(&mut self, account: &AccountId, host: &str, note: BreakerNote, at: Timestamp) -> BTreeSet<BreakerKey> {
        match note {
            BreakerNote::Succeeded if self.is_empty() => BTreeSet::new(),
            BreakerNote::Succeeded => {
                let keys = [BreakerKey::Account(account.clone()), BreakerKey::Host(host.to_owned())];
                keys.into_iter().filter(|key| self.0.remove(key).is_some()).collect()
            }
            BreakerNote::Failed { settings, overloaded } => self.failed(account, host, settings, overloaded, at),
        }
    }

    /// A failure counts for the host first. While the host's breaker is open its accounts are not to blame, and their own
    /// failures are forgotten: an overloaded host must not take them out one by one. Else it counts for the account too,
    /// unless the host says that it is too busy.
    fn failed(
        &mut self,
        account: &AccountId,
        host: &str,
        settings: BreakerSettings,
        overloaded: bool,
        at: Timestamp,
    ) -> BTreeSet<BreakerKey> {
        let mut changed = BTreeSet::new();
        if !host.is_empty() {
            let key = BreakerKey::Host(host.to_owned());
            let gate = self.count(key.clone(), host, settings, at);
            changed.insert(key);
            if gate != Gate::Closed {
                let is_of_it = |key: &BreakerKey, counted: &Counted| match key {
                    BreakerKey::Account(of) => counted.host == host || of == account,
                    BreakerKey::Host(_) => false,
                };
                let cleared = self.0.iter().filter(|(key, counted)| is_of_it(key, counted));
                changed.extend(cleared.map(|(key, _)| key.clone()));
                self.0.retain(|key, counted| !is_of_it(key, counted));
                return changed;
            }
        }
        if !overloaded {
            let key = BreakerKey::Account(account.clone());
            self.count(key.clone(), host, settings, at);
            changed.insert(key);
        }
        changed
    }

    /// Whether the account or its host counts a failure.
    pub fn has_failures(&self, account: &AccountId, host: &str) -> bool {
        !self.is_empty()
            && (self.0.contains_key(&BreakerKey::Account(account.clone()))
                || self.0.contains_key(&BreakerKey::Host(host.to_owned())))
    }

    /// What the breaker of the account says, and what that of its host does.
    pub fn gates(
        &self,
        account: &AccountId,
        host: Option<&str>,
        settings: BreakerSettings,
        now: Timestamp,
    ) -> [Gate; 2] {
        if self.is_empty() {
            return [Gate::Closed; 2];
        }
        let gate =
            |key: BreakerKey| self.0.get(&key).map_or(Gate::Closed, |counted| counted.breaker.gate(settings, now));
        let host = host.map_or(Gate::Closed, |host| gate(BreakerKey::Host(host.to_owned())));
        [gate(BreakerKey::Account(account.clone())), host]
    }

    fn count(&mut self, key: BreakerKey, host: &str, settings: BreakerSettings, at: Timestamp) -> Gate {
        let counted = self.0.entry(key).or_default();
        host.clone_into(&mut counted.host);
        counted.breaker.failed(settings, at);
        counted.breaker.gate(settings, at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SETTINGS: BreakerSettings = BreakerSettings { failures: 2, open_for: Duration::from_secs(60) };
    const NOW: Timestamp = Timestamp(1_000);

    fn id(name: &str) -> AccountId {
        AccountId::new(name)
    }

    fn fail(breakers: &mut Breakers, account: &str, host: &str, overloaded: bool) -> BTreeSet<BreakerKey> {
        breakers.apply(&id(account), host, BreakerNote::Failed { settings: SETTINGS, overloaded }, NOW)
    }

    fn succeed(breakers: &mut Breakers, account: &str, host: &str) -> BTreeSet<BreakerKey> {
        breakers.apply(&id(account), host, BreakerNote::Succeeded, NOW)
    }

    fn keys(names: &[&str]) -> BTreeSet<BreakerKey> {
        let key = |name: &&str| match name.strip_prefix('@') {
            Some(host) => BreakerKey::Host(host.to_owned()),
            None => BreakerKey::Account(id(name)),
        };
        names.iter().map(key).collect()
    }

    #[track_caller]
    fn check(breakers: &Breakers, counted: &[&str]) {
        assert_eq!(breakers.0.keys().cloned().collect::<BTreeSet<_>>(), keys(counted));
    }

    #[test]
    fn a_failure_counts_for_its_account_and_its_host() {
        let mut breakers = Breakers::default();
        assert_eq!(fail(&mut breakers, "a", "host", false), keys(&["a", "@host"]));
        check(&breakers, &["a", "@host"]);
        assert!(breakers.has_failures(&id("a"), "elsewhere") && breakers.has_failures(&id("b"), "host"));
        assert!(!breakers.has_failures(&id("b"), "elsewhere"));
        assert_eq!(breakers.gates(&id("a"), Some("host"), SETTINGS, NOW), [Gate::Closed; 2]);
        assert_eq!(succeed(&mut breakers, "a", "host"), keys(&["a", "@host"]));
        fail(&mut breakers, "a", "host", false);
        assert_eq!(breakers.gates(&id("a"), Some("host"), SETTINGS, NOW), [Gate::Closed; 2], "two, but not in a row");
    }

    #[test]
    fn a_host_that_opens_clears_its_accounts() {
        let mut breakers = Breakers::default();
        fail(&mut breakers, "a", "host", false);
        fail(&mut breakers, "c", "elsewhere", false);
        assert_eq!(fail(&mut breakers, "b", "host", false), keys(&["a", "@host"]));
        check(&breakers, &["@host", "c", "@elsewhere"]);
        let open = Gate::Open { until: NOW.after(SETTINGS.open_for) };
        assert_eq!(breakers.gates(&id("b"), Some("host"), SETTINGS, NOW), [Gate::Closed, open]);
        // One that is probed and fails keeps it open, and is not to blame either.
        assert_eq!(fail(&mut breakers, "b", "host", false), keys(&["@host"]));
        assert_eq!(succeed(&mut breakers, "b", "host"), keys(&["@host"]));
        check(&breakers, &["c", "@elsewhere"]);
    }

    #[test]
    fn an_overload_is_the_hosts_alone_and_without_a_host_the_account_is_left() {
        let mut breakers = Breakers::default();
        assert_eq!(fail(&mut breakers, "a", "host", true), keys(&["@host"]));
        assert_eq!(fail(&mut breakers, "a", "", false), keys(&["a"]));
        assert_eq!(fail(&mut breakers, "a", "", true), keys(&[]));
        check(&breakers, &["a", "@host"]);
        assert_eq!(succeed(&mut breakers, "z", "other"), keys(&[]));
    }

    #[test]
    fn what_is_known_already_stays() {
        let mut breakers = Breakers::default();
        fail(&mut breakers, "a", "host", false);
        let before = breakers.clone();
        let mut others = Breakers::default();
        others.apply(&id("a"), "host", BreakerNote::Failed { settings: SETTINGS, overloaded: false }, Timestamp(5));
        fail(&mut others, "b", "other", false);
        breakers.add_unknown(others);
        check(&breakers, &["a", "@host", "b", "@other"]);
        assert_eq!(breakers.get(&BreakerKey::Account(id("a"))), before.get(&BreakerKey::Account(id("a"))));
    }
}
