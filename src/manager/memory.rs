//! What this process remembers besides the file: its own choices, and what it learned that is not written yet.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::accounts::pins::SessionPins;
use super::accounts::view::View;
use super::belief::quota::Known;
use super::belief::shared::Shared;
use super::books::usage::Usage;
use super::router::aside::Aside;
use super::router::made::Made;
use super::tokens::tiers::Tiers;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::health::model_refusal::ModelRefusal;
use crate::domain::health::{Cooldown, Limit};
use crate::domain::routing::conversation::Conversations;
use crate::domain::time::Timestamp;
use crate::error::ErrorKind;
use crate::store::State;

/// Everything behind one lock that is held for microseconds and never across an await.
#[derive(Default)]
pub struct Memory {
    /// The file as it was read last, and the pool made from it.
    pub view: Option<View>,
    /// Grows when something here changes that the pool shows.
    pub version: u64,
    /// The state the last events were told from.
    pub told: Option<Arc<State>>,
    /// Why the file could not be read the last time, if it could not.
    pub store_error: Option<String>,
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
    /// What a person switched this session to.
    pub pins: SessionPins,
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
    /// The service tiers that backends list.
    pub tiers: Tiers,
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
    /// When this process asked last where the workspace of each login has its place.
    pub located: HashMap<AccountId, Timestamp>,
    /// Benches that are on their way to the file, and whether they ask for a login.
    pub benches: HashMap<AccountId, Bench>,
    /// Logins whose renewed token was refused to a question, and until when no question renews it.
    pub refused_questions: HashMap<AccountId, Cooldown>,
    /// Accounts whose secret did not open.
    pub unopened: BTreeSet<AccountId>,
    /// What the command line has to say besides its result.
    pub warnings: Vec<String>,
    /// When each notice was told last.
    pub toasts: HashMap<String, Timestamp>,
    /// Why this session has no record, as it was last reported.
    pub unregistered: Option<ErrorKind>,
}

/// As many warnings are kept: a process that never takes them has given them to its doors.
const MOST_WARNINGS: usize = 64;

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
    /// Keeps a warning for the command line, once.
    pub fn keep_warning(&mut self, text: String) {
        if self.warnings.len() < MOST_WARNINGS && !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
    }

    /// Whether a notice may be given again, which is then noted. Those that may be given again anyway are forgotten.
    pub fn may_notify(&mut self, key: &str, now: Timestamp, debounce: Duration) -> bool {
        // A time in the future is of a clock that was set back.
        self.toasts.retain(|_, last| *last <= now && now < last.after(debounce));
        match self.toasts.entry(key.to_owned()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(now);
                true
            }
        }
    }

    /// Forgets what is known of accounts that are gone: a long-lived process sees many come and go.
    pub fn forget_accounts_but(&mut self, is_there: impl Fn(&AccountId) -> bool) {
        self.limited_since.retain(|(id, _), _| is_there(id));
        self.unserved.retain(|id, _| is_there(id));
        self.limits.retain(|id, limits| is_there(id) && !limits.is_empty());
        self.quotas.retain(|id, _| is_there(id));
        self.polled.retain(|id, _| is_there(id));
        self.located.retain(|id, _| is_there(id));
        self.benches.retain(|id, _| is_there(id));
        self.aside.retain(|_, id| is_there(id));
        self.over.retain(|id, _| is_there(id));
        self.refused_questions.retain(|id, _| is_there(id));
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
        self.version += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_given_once_within_its_time_and_forgotten_after_it() {
        let debounce = Duration::from_secs(60);
        let mut memory = Memory::default();
        for (key, at, expected) in [
            ("a", 1_000, true),
            ("a", 60_999, false),
            ("b", 60_999, true),
            ("a", 61_000, true),
            // The clock was set back.
            ("a", 5_000, true),
            ("a", 6_000, false),
        ] {
            assert_eq!(memory.may_notify(key, Timestamp(at), debounce), expected, "{key} at {at}");
        }
        (0..10_000).for_each(|number| {
            memory.may_notify(&number.to_string(), Timestamp(100_000 + number * 1_000), debounce);
        });
        assert!(memory.toasts.len() <= 60, "{}", memory.toasts.len());
    }

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
    fn warnings_and_accounts_that_are_gone_do_not_add_up() {
        let mut memory = Memory::default();
        (0..1_000).for_each(|number| memory.keep_warning(format!("warning {}", number % 500)));
        assert_eq!(memory.warnings.len(), MOST_WARNINGS);
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
