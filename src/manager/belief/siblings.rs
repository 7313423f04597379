//! What the processes of this machine know of the accounts together, as the ledger reported it last: conditions, breakers,
//! spending. What this process observed since is added to it at once.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::domain::account::AccountId;
use crate::domain::health::breakers::{BreakerNote, Breakers};
use crate::domain::health::condition::{Condition, Effect};
use crate::domain::pool::Member;
use crate::domain::routing::load::Load;
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::Quota;
use crate::domain::usage::rate_headers::RateUsed;
use crate::domain::usage::{Spent, Usd};
use crate::manager::session::Changes;

/// What the ledger answered is believed for so long.
const FRESH: Duration = Duration::from_secs(1);

/// What the ledger keeps for all of them.
#[derive(Debug, Default)]
pub struct Shared {
    /// The conditions of accounts that were used; the others have the default one.
    pub conditions: HashMap<AccountId, Condition>,
    /// The used part of each account's rate-limit tokens, where it is known.
    pub rates: HashMap<AccountId, RateUsed>,
    /// The breakers that count at least one failure.
    pub breakers: Breakers,
}

/// What an account may spend, in USD.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpendingLimits {
    /// A day.
    pub daily: Option<f64>,
    /// A month.
    pub monthly: Option<f64>,
}

/// What siblings know together.
#[derive(Default)]
pub struct Siblings {
    known: Shared,
    /// What the accounts that have a limit had spent when the ledger was asked last.
    spending: HashMap<AccountId, Spent>,
    /// Accounts that have spent what they may, and until when they are out.
    over: HashMap<AccountId, Timestamp>,
    asked_at: Option<Instant>,
    /// Questions that are not answered yet, each as the number of the first observation after it, in their order.
    open_questions: VecDeque<u64>,
    /// What was observed since the first of them was asked, with its number.
    recent: VecDeque<(u64, Observation)>,
    observed: u64,
    loads: Vec<Load>,
    changes: Changes,
}

/// What this process observed of an account.
#[derive(Clone, Debug)]
pub enum Observation {
    /// An attempt left its mark on an account.
    Effect(AccountId, Effect, Timestamp),
    /// An attempt showed something of its breakers.
    Breaker {
        /// Its account.
        account: AccountId,
        /// Its host.
        host: String,
        /// What it showed.
        note: BreakerNote,
        /// When.
        at: Timestamp,
    },
    /// The rate-limit tokens an answer reported.
    Rate(AccountId, RateUsed),
}

impl Siblings {
    /// Nothing yet; reports to `changes` what the pool shows.
    pub(super) fn new(changes: Changes) -> Siblings {
        Siblings { changes, ..Siblings::default() }
    }

    /// The breakers of accounts and hosts.
    pub fn breakers(&self) -> &Breakers {
        &self.known.breakers
    }

    /// When the account was used last, by any process.
    pub fn last_used(&self, account: &AccountId) -> Option<Timestamp> {
        self.known.conditions.get(account)?.last_used
    }

    /// Until when the account is out that has spent what it may.
    pub(super) fn over_limit(&self, account: &AccountId) -> Option<Timestamp> {
        self.over.get(account).copied()
    }

    /// Forgets accounts that are gone.
    pub(super) fn forget_accounts_but(&mut self, is_there: impl Fn(&AccountId) -> bool) {
        self.known.conditions.retain(|id, _| is_there(id));
        self.known.rates.retain(|id, _| is_there(id));
        self.spending.retain(|id, _| is_there(id));
        self.over.retain(|id, _| is_there(id));
    }

    /// Adds what this process observed.
    pub fn observe(&mut self, observation: Observation) {
        if matches!(observation, Observation::Breaker { .. }) {
            self.changes.touch();
        }
        if !self.open_questions.is_empty() {
            self.recent.push_back((self.observed, observation.clone()));
        }
        self.observed += 1;
        self.known.apply(observation);
    }

    /// What accounts with a limit have spent, and which of them are out until when.
    pub fn note_spending(&mut self, spending: HashMap<AccountId, Spent>, over: HashMap<AccountId, Timestamp>) {
        self.spending = spending;
        if over != self.over {
            self.over = over;
            self.changes.touch();
        }
    }

    /// How much of each account is used up, in their order.
    pub fn loads<'m>(
        &mut self,
        members: impl Iterator<Item = (&'m Member, SpendingLimits)>,
        now: Timestamp,
    ) -> &[Load] {
        let mut loads = std::mem::take(&mut self.loads);
        loads.clear();
        loads.extend(members.map(|(member, limits)| self.load(&member.id, &member.quota, limits, now)));
        self.loads = loads;
        &self.loads
    }

    fn load(&self, id: &AccountId, quota: &Quota, limits: SpendingLimits, now: Timestamp) -> Load {
        let quota_used = quota.used_at(now) / 100.0;
        let spent = self.spending.get(id).copied().unwrap_or_default();
        let part =
            |spent: Usd, limit: Option<f64>| limit.filter(|limit| *limit > 0.0).map(|limit| spent.as_usd() / limit);
        let rate = self.known.rates.get(id).filter(|rate| rate.until > now).map(|rate| rate.used);
        let parts = [part(spent.today, limits.daily), part(spent.month, limits.monthly), rate, Some(quota_used)];
        Load {
            quota_used,
            utilisation: parts.into_iter().flatten().fold(0.0, f64::max),
            condition: self.known.conditions.get(id).copied().unwrap_or_default(),
        }
    }

    /// Whether the ledger is to be asked: what is known is old, spending matters, or `is_asked` for something else. Returns
    /// what [`Siblings::end_question`] takes.
    pub fn ask_if_due(&mut self, spending_matters: bool, is_asked: bool, now: Instant) -> Option<u64> {
        let is_fresh = self.asked_at.is_some_and(|asked| now.duration_since(asked) < FRESH);
        // A limit that was taken away is noted with the answer.
        let is_due = !is_fresh || spending_matters || !self.over.is_empty() || is_asked;
        is_due.then(|| self.begin_question(now))
    }

    fn begin_question(&mut self, now: Instant) -> u64 {
        self.asked_at = Some(now);
        self.open_questions.push_back(self.observed);
        self.observed
    }

    /// Takes the answer in, and adds what was observed since the question. An answer that is behind adds to what is known
    /// only what is not.
    pub fn end_question(&mut self, since: u64, answer: Option<Shared>, is_behind: bool) {
        let before = self.known.breakers.clone();
        if let Some(place) = self.open_questions.iter().position(|open| *open == since) {
            self.open_questions.remove(place);
        }
        match answer {
            Some(Shared { conditions, rates, breakers }) if is_behind => {
                for (account, condition) in conditions {
                    self.known.conditions.entry(account).or_insert(condition);
                }
                for (account, rate) in rates {
                    self.known.rates.entry(account).or_insert(rate);
                }
                self.known.breakers.add_unknown(breakers);
            }
            Some(answer) => {
                self.known = answer;
                let first = self.recent.partition_point(|(number, _)| *number < since);
                for (_, observation) in self.recent.range(first..) {
                    self.known.apply(observation.clone());
                }
            }
            None => {}
        }
        // What came before every open question is in its answer.
        let oldest = self.open_questions.front().copied().unwrap_or(u64::MAX);
        let known = self.recent.partition_point(|(number, _)| *number < oldest);
        self.recent.drain(..known);
        if self.known.breakers != before {
            self.changes.touch();
        }
    }
}

impl Shared {
    fn apply(&mut self, observation: Observation) {
        match observation {
            Observation::Effect(account, effect, at) => self.conditions.entry(account).or_default().apply(effect, at),
            Observation::Breaker { account, host, note, at } => drop(self.breakers.apply(&account, &host, note, at)),
            Observation::Rate(account, rate) => drop(self.rates.insert(account, rate)),
        }
    }
}

#[cfg(test)]
mod tests;
