//! What this process remembers besides the file: its own choices, and what it learned that is not written yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::belief::quota::Known;
use super::belief::shared::Shared;
use super::books::usage::Usage;
use super::router::aside::Aside;
use super::router::made::Made;
use super::session::Changes;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::health::model_refusal::ModelRefusal;
use crate::domain::health::{Cooldown, Limit};
use crate::domain::routing::conversation::Conversations;
use crate::domain::time::Timestamp;

/// Everything behind one lock that is held for microseconds and never across an await.
#[derive(Default)]
pub struct Memory {
    changes: Changes,
    /// Where this session started.
    pub start: Option<AccountId>,
    /// Whether that was apart from the active account on purpose.
    pub shifted: bool,
    /// The account in use per family.
    pub current: BTreeMap<ModelFamily, AccountId>,
    /// The accounts of models that are limited where their family is.
    pub aside: Aside,
    /// The account used last.
    pub last_used: Option<AccountId>,
    /// What siblings know together.
    pub shared: Shared,
    /// What accounts used, as the ledger told it last.
    pub usage: Usage,
    /// Models without a price that a limit is over, which was reported.
    pub unpriced: BTreeSet<String>,
    /// Accounts that have spent what they may, and until when they are out.
    pub over: HashMap<AccountId, Timestamp>,
    /// Where `round_robin` goes on.
    pub turns: Turns,
    /// What accounts made a short while ago.
    pub made: Made,
    /// The accounts that gave the turn states of a short while ago.
    pub turn_states: Made,
    /// The accounts of a stand-alone proxy's conversations.
    pub conversations: Conversations,
    /// Since when each limit is known here.
    pub limited_since: HashMap<(AccountId, String), Timestamp>,
    /// Models an account does not have, on their way to the file.
    pub unserved: HashMap<AccountId, BTreeMap<String, ModelRefusal>>,
    /// Limits that are on their way to the file.
    pub limits: HashMap<AccountId, BTreeMap<String, Limit>>,
    /// Quotas that are on their way to the file.
    pub quotas: HashMap<AccountId, Known>,
    /// When this process asked for each quota last.
    pub polled: HashMap<AccountId, Timestamp>,
    /// Benches that are on their way to the file, and whether they ask for a login.
    pub benches: HashMap<AccountId, Bench>,
}

/// Limits whose beginning is remembered.
const MOST_LIMITS: usize = 4_096;

/// Where `round_robin` goes on: apart for requests that only keys can serve, so that these go round the keys whatever
/// stands between them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turns {
    all: Option<usize>,
    keys: Option<usize>,
}

impl Turns {
    /// The next position for such requests, if one was chosen before.
    pub fn next(self, needs_api_key: bool) -> Option<usize> {
        if needs_api_key { self.keys } else { self.all }
    }

    /// The account at `position` of `count` was chosen.
    pub fn chose(&mut self, needs_api_key: bool, position: usize, count: usize) {
        let turn = if needs_api_key { &mut self.keys } else { &mut self.all };
        *turn = (position + 1).checked_rem(count);
    }
}

/// A bench that is on its way to the file.
#[derive(Clone, Debug)]
pub struct Bench {
    /// Until when and why.
    pub cooldown: Cooldown,
    /// The key was refused.
    pub needs_login: bool,
}

impl Memory {
    /// Nothing is known yet.
    pub fn new(changes: Changes) -> Memory {
        Memory { changes, ..Memory::default() }
    }

    /// Forgets what is known of accounts that are gone: a long-lived process sees many come and go.
    pub fn forget_accounts_but(&mut self, is_there: impl Fn(&AccountId) -> bool) {
        self.limited_since.retain(|(id, _), _| is_there(id));
        self.unserved.retain(|id, _| is_there(id));
        self.limits.retain(|id, limits| is_there(id) && !limits.is_empty());
        self.quotas.retain(|id, _| is_there(id));
        self.polled.retain(|id, _| is_there(id));
        self.benches.retain(|id, _| is_there(id));
        self.aside.retain(|_, id| is_there(id));
        self.over.retain(|id, _| is_there(id));
        self.shared.forget_accounts_but(is_there);
    }

    /// Forgets limits that are over, and of too many the ones that were met first: they are kept by the names of models,
    /// which clients make up.
    pub fn forget_old_limits(&mut self, now: Timestamp) {
        for limits in self.limits.values_mut() {
            limits.retain(|_, limit| limit.until > now);
        }
        self.limits.retain(|_, limits| !limits.is_empty());
        if self.limited_since.len() > MOST_LIMITS {
            let mut times: Vec<Timestamp> = self.limited_since.values().copied().collect();
            let (_, first_kept, _) = times.select_nth_unstable(self.limited_since.len() - MOST_LIMITS / 2);
            let first_kept = *first_kept;
            self.limited_since.retain(|_, since| *since > first_kept);
        }
    }

    /// Something changed that the pool shows.
    pub fn touch(&mut self) {
        self.changes.touch();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_are_over_are_forgotten_and_of_too_many_the_first() {
        let (mut memory, id) = (Memory::default(), AccountId::new("a"));
        for number in 0..10_000 {
            let model = format!("model {number}");
            memory.limits.entry(id.clone()).or_default().insert(model.clone(), Limit::ending(Timestamp(number)));
            memory.limited_since.insert((id.clone(), model), Timestamp(number));
        }
        memory.forget_old_limits(Timestamp(9_000));
        assert_eq!(memory.limits[&id].len(), 999);
        assert!((1_000..=MOST_LIMITS).contains(&memory.limited_since.len()), "{}", memory.limited_since.len());
        assert!(memory.limited_since.contains_key(&(id.clone(), "model 9999".to_owned())));
        memory.forget_old_limits(Timestamp(10_000));
        assert!(memory.limits.is_empty());
    }

    #[test]
    fn accounts_that_are_gone_do_not_add_up() {
        let mut memory = Memory::default();
        for number in 0..1_000 {
            let id = AccountId::new(number.to_string());
            memory.limited_since.insert((id.clone(), "f".to_owned()), Timestamp(1));
            memory
                .unserved
                .entry(id.clone())
                .or_default()
                .insert("m".to_owned(), ModelRefusal { until: Timestamp(1), version: None });
            memory.polled.insert(id.clone(), Timestamp(1));
            memory.limits.insert(id, BTreeMap::from([("f".to_owned(), Limit::ending(Timestamp(1)))]));
        }
        memory.forget_old_limits(Timestamp(0));
        memory.forget_accounts_but(|id| id.as_str() == "7");
        let left = [memory.limited_since.len(), memory.unserved.len(), memory.polled.len(), memory.limits.len()];
        assert_eq!(left, [1; 4]);
    }
}
