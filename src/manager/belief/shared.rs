//! What siblings know of the accounts together, as the ledger told it last: conditions, breakers, spending. Asked for
//! once a second at most, before a request is routed; what this process did since is added to it at once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use crate::clock;
use crate::domain::account::{AccountId, Kind};
use crate::domain::health::breakers::{Breakers, Failure};
use crate::domain::health::condition::{Condition, Effect};
use crate::domain::routing::load::Load;
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::Quota;
use crate::domain::usage::{Spent, Usd};
use crate::ledger::{Question, RateUsed, Standing};
use crate::manager::Manager;
use crate::manager::accounts::View;
use crate::manager::accounts::pool::has_limit;
use crate::manager::router::{Bound, RouteRequest};
use crate::store::StoredAccount;

/// What the ledger said is believed for so long.
const FRESH: Duration = Duration::from_secs(1);

/// A ledger that is slower is not waited for: a request goes on with what is known.
const PATIENCE: Duration = Duration::from_secs(1);

/// What siblings know together.
#[derive(Default)]
pub struct Shared {
    conditions: HashMap<AccountId, Condition>,
    rates: HashMap<AccountId, RateUsed>,
    breakers: Breakers,
    /// What the accounts that have a limit had spent when that was looked at last.
    spending: HashMap<AccountId, Spent>,
    asked_at: Option<Instant>,
    /// Questions that are not answered yet, each as the number of the first deed after it, in their order.
    open_questions: VecDeque<u64>,
    /// What was done since the first of them was asked, with its number.
    recent: VecDeque<(u64, Deed)>,
    deeds: u64,
    loads: Vec<Load>,
}

/// What this process did to what is known.
#[derive(Clone, Debug)]
pub enum Deed {
    /// An attempt left its mark on an account.
    Effect(AccountId, Effect, Timestamp),
    /// An attempt failed.
    Failed(Failure),
    /// An attempt succeeded.
    Succeeded(AccountId, String),
    /// The rate-limit tokens an answer told.
    Rate(AccountId, RateUsed),
}

impl Shared {
    /// Adds what this process did.
    pub fn add(&mut self, deed: Deed) {
        if !self.open_questions.is_empty() {
            self.recent.push_back((self.deeds, deed.clone()));
        }
        self.deeds += 1;
        self.apply(deed);
    }

    fn apply(&mut self, deed: Deed) {
        match deed {
            Deed::Effect(account, effect, at) => self.conditions.entry(account).or_default().apply(effect, at),
            Deed::Failed(failure) => drop(self.breakers.failed(&failure)),
            Deed::Succeeded(account, host) => drop(self.breakers.succeeded(&account, &host)),
            Deed::Rate(account, rate) => drop(self.rates.insert(account, rate)),
        }
    }

    /// The breakers of accounts and hosts.
    pub fn breakers(&self) -> &Breakers {
        &self.breakers
    }

    /// How much of each account is used up, in the order of the pool.
    pub fn loads(&mut self, view: &View, now: Timestamp) -> &[Load] {
        self.loads.clear();
        for (member, account) in view.pool.members.iter().zip(&view.state.accounts) {
            let load = Load {
                quota_used: member.quota.used_at(now) / 100.0,
                utilisation: self.utilisation(&member.id, account, &member.quota, now),
                condition: self.conditions.get(&member.id).copied().unwrap_or_default(),
            };
            self.loads.push(load);
        }
        &self.loads
    }

    /// Forgets accounts that are gone.
    pub fn forget_accounts_but(&mut self, is_there: impl Fn(&AccountId) -> bool) {
        self.conditions.retain(|id, _| is_there(id));
        self.rates.retain(|id, _| is_there(id));
        self.spending.retain(|id, _| is_there(id));
    }

    /// When the account was used last, by any process.
    pub fn last_used(&self, account: &AccountId) -> Option<Timestamp> {
        self.conditions.get(account)?.last_used
    }

    fn utilisation(&self, id: &AccountId, account: &StoredAccount, quota: &Quota, now: Timestamp) -> f64 {
        let quota = Some(quota.used_at(now) / 100.0);
        let spent = self.spending.get(id).copied().unwrap_or_default();
        let part =
            |spent: Usd, limit: Option<f64>| limit.filter(|limit| *limit > 0.0).map(|limit| spent.as_usd() / limit);
        let rate = self.rates.get(id).filter(|rate| rate.until > now).map(|rate| rate.used);
        [part(spent.today, account.daily_limit_usd), part(spent.month, account.monthly_limit_usd), rate, quota]
            .into_iter()
            .flatten()
            .fold(0.0, f64::max)
    }

    fn begin_question(&mut self, now: Instant) -> u64 {
        self.asked_at = Some(now);
        self.open_questions.push_back(self.deeds);
        self.deeds
    }

    /// Takes the answer in, and adds what was done since the question. An answer that lacks what this process did before
    /// adds to what is known only what is not.
    fn end_question(&mut self, since: u64, answer: Option<Standing>) {
        if let Some(place) = self.open_questions.iter().position(|open| *open == since) {
            self.open_questions.remove(place);
        }
        if let Some(answer) = answer.as_ref().filter(|answer| answer.is_behind) {
            for (account, condition) in &answer.conditions {
                self.conditions.entry(account.clone()).or_insert(*condition);
            }
            for (account, rate) in &answer.rates {
                self.rates.entry(account.clone()).or_insert(*rate);
            }
            self.breakers.add_unknown(answer.breakers.clone());
        }
        if let Some(answer) = answer.filter(|answer| !answer.is_behind) {
            self.conditions = answer.conditions;
            self.rates = answer.rates;
            self.breakers = answer.breakers;
            let first = self.recent.partition_point(|(number, _)| *number < since);
            let later: Vec<Deed> = self.recent.range(first..).map(|(_, deed)| deed.clone()).collect();
            for deed in later {
                self.apply(deed);
            }
        }
        // What came before every open question is in its answer.
        let oldest = self.open_questions.front().copied().unwrap_or(u64::MAX);
        let known = self.recent.partition_point(|(number, _)| *number < oldest);
        self.recent.drain(..known);
    }
}

impl Manager {
    /// Asks the ledger what has to be known before a request is routed: what siblings know, when that is older than a
    /// second; the spending of accounts that have a limit, always; and who owns what the request names, once.
    pub async fn consult(&self, request: &mut RouteRequest) {
        let view = self.accounts.tried_view().await;
        let (mut owners_of, mut owners) = (Vec::new(), HashMap::new());
        if request.attempt == 1 {
            owners_of.extend_from_slice(&request.resources);
            owners_of.extend_from_slice(&request.reasoning.marks);
            // A key's upstream is asked with whatever ids there are.
            let may_be_a_login = view.pool.members.iter().any(|member| member.kind == Kind::ChatGpt);
            if may_be_a_login && !request.needs_api_key {
                let ids = request.item_ids.ids();
                owners = self.memory().made.owners_of(ids.iter());
                // A long conversation names each of its items, most of which this process saw.
                owners_of.extend(ids.iter().filter(|id| !owners.contains_key(*id)).cloned());
            }
        }
        if !owners_of.is_empty() {
            owners.extend(self.memory().made.owners_of(owners_of.iter()));
        }
        // What the ledger says comes first: it knows who made it at first.
        owners.extend(self.ask(&view, owners_of).await.map(|standing| standing.owners).unwrap_or_default());
        if !owners.is_empty() {
            request.bound = Bound::among(&request.resources, &owners);
            request.item_ids.note(&owners);
            let marks: HashSet<&String> = request.reasoning.marks.iter().collect();
            owners.retain(|id, _| marks.contains(id));
            request.reasoning.owners = owners;
        }
        // The answer may have changed the pool.
        request.seen = Some(if view.is_of(self.session.changes()) { view } else { self.view() });
    }

    /// Asks the ledger, if what is known is older than a second or something else is to be known.
    pub(in crate::manager) async fn ask(&self, view: &View, owners_of: Vec<String>) -> Option<Standing> {
        let spending_of: Vec<AccountId> = view
            .state
            .accounts
            .iter()
            .filter(|account| has_limit(account))
            .map(|account| AccountId::new(account.id.clone()))
            .collect();
        let now = clock::instant();
        let since = {
            let mut memory = self.memory();
            let is_fresh = memory.shared.asked_at.is_some_and(|asked| now.duration_since(asked) < FRESH);
            // A limit that was taken away is noted with the answer.
            let limits_nothing = spending_of.is_empty() && memory.over.is_empty();
            if is_fresh && limits_nothing && owners_of.is_empty() {
                return None;
            }
            memory.shared.begin_question(now)
        };
        let question = Question { spending_of, owners_of };
        let asked = Asked { manager: self, since, answer: None };
        let answer = tokio::time::timeout(PATIENCE, self.ledger().standing(question)).await;
        self.tell_ledger_warnings();
        let answer = match answer {
            Ok(Ok(standing)) => Some(standing),
            Ok(Err(error)) => {
                tracing::debug!("the ledger does not answer: {error}");
                None
            }
            Err(_) => None,
        };
        asked.end(answer)
    }

    /// Which accounts have spent what they may, and until when they are out.
    pub(in crate::manager) fn note_spending(&self) {
        let (view, now) = (self.view(), self.clock.now());
        let limited = view.state.accounts.iter().filter(|account| has_limit(account));
        let spending: HashMap<AccountId, Spent> = limited
            .map(|account| AccountId::new(account.id.clone()))
            .map(|id| {
                let spent = self.ledger().spent(&id);
                (id, spent)
            })
            .collect();
        let mut memory = self.memory();
        let over: HashMap<AccountId, Timestamp> = view
            .state
            .accounts
            .iter()
            .filter_map(|account| {
                let id = AccountId::new(account.id.clone());
                let spent = *spending.get(&id)?;
                let reached =
                    |limit: Option<f64>, spent: Usd| limit.and_then(Usd::from_usd).is_some_and(|limit| spent >= limit);
                let day = reached(account.daily_limit_usd, spent.today).then(|| self.clock.day_ends(now));
                let month = reached(account.monthly_limit_usd, spent.month).then(|| self.clock.month_ends(now));
                Some((id, day.max(month)?))
            })
            .collect();
        memory.shared.spending = spending;
        if over != memory.over {
            memory.over = over;
            memory.touch();
        }
    }

    /// Tells what of the proxy's and the certificates' variables cannot be used, each once.
    pub fn tell_network_warnings(&self) {
        for text in self.upstream.network().take_warnings() {
            self.warn(text);
        }
    }

    pub(in crate::manager) fn tell_ledger_warnings(&self) {
        for text in self.ledger().take_warnings() {
            self.warn(text);
        }
    }
}

/// A question on its way. A request that is cancelled meanwhile ends it too.
struct Asked<'m> {
    manager: &'m Manager,
    since: u64,
    answer: Option<Standing>,
}

impl Asked<'_> {
    fn end(mut self, answer: Option<Standing>) -> Option<Standing> {
        let owners = answer.as_ref().map(|standing| standing.owners.clone());
        self.answer = answer;
        drop(self);
        owners.map(|owners| Standing { owners, ..Standing::default() })
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let mut memory = self.manager.memory();
        let before = memory.shared.breakers.clone();
        memory.shared.end_question(self.since, self.answer.take());
        if memory.shared.breakers != before {
            memory.touch();
        }
        drop(memory);
        self.manager.note_spending();
    }
}

#[cfg(test)]
mod tests;
