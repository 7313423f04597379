//! What each account and each purse has spent: the sum of the ledger as it was read last, and on top of it what this process has spent and
//! the ledger has not taken yet. It is never behind what this process knows, however long another program holds the file,
//! and no amount counts twice: what is written leaves the one part at the instant it enters the other.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::entry::{Entry, Mark, Payers};
use super::sums::{self, SumOf};
use crate::domain::account::AccountId;
use crate::domain::time::Day;
use crate::domain::usage::{Purse, Spent, Usd};

#[derive(Default)]
pub(super) struct Tally(Mutex<State>);

#[derive(Default)]
struct State {
    accounts: Counts<AccountId>,
    purses: Counts<Purse>,
    /// What this process has counted once.
    counted: Recent,
    /// What this process asked for that will report its use later.
    due: Recent,
}

/// What was spent of each.
struct Counts<Of> {
    read: HashMap<Of, Read>,
    waiting: Amounts<Of>,
    /// What the ledger will not take any more, because its file refuses it.
    lost: Amounts<Of>,
    /// What processes that have ended left behind, which the ledger does not take yet.
    left_behind: Amounts<Of>,
}

impl<Of> Default for Counts<Of> {
    fn default() -> Counts<Of> {
        Counts {
            read: HashMap::new(),
            waiting: Amounts::default(),
            lost: Amounts::default(),
            left_behind: Amounts::default(),
        }
    }
}

/// A sum of the ledger, on the day it was read.
#[derive(Clone, Copy)]
struct Read {
    day: Day,
    spent: Spent,
}

/// An amount that waits to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) day: Day,
    pub(super) cost: Usd,
    /// Whether the entry counts, as far as this process knows.
    pub(super) counts: bool,
}

/// What accounts and purses have spent, as the file has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    pub(super) accounts: HashMap<AccountId, Spent>,
    pub(super) purses: HashMap<Purse, Spent>,
}

impl Tally {
    /// An entry of `day` is about to be queued.
    pub(super) fn hold(&self, entry: &Entry, day: Day) -> Held {
        let mut state = self.lock();
        let counts = match &entry.mark {
            None => true,
            Some(Mark::Later(id)) => {
                state.due.insert(&entry.account, id);
                true
            }
            Some(Mark::Once(id)) => state.counted.insert(&entry.account, id),
            Some(Mark::IfDue(id)) => {
                let is_due = state.due.contains(&entry.account, id);
                is_due && state.counted.insert(&entry.account, id)
            }
        };
        let cost = entry.cost.filter(|_| counts).unwrap_or_default();
        state.accounts.waiting.add(&entry.account, day, cost);
        for purse in entry.purses.iter() {
            state.purses.waiting.add(purse, day, cost);
        }
        Held { day, cost, counts }
    }

    /// These amounts are in the ledger now, in which their accounts and purses have spent so much.
    pub(super) fn written<'h>(&self, written: impl Iterator<Item = (Payers<'h>, Held)>, today: Day, sums: Sums) {
        let mut state = self.lock();
        for (payers, held) in written {
            state.accounts.waiting.take(payers.account, held);
            for purse in payers.purses.iter() {
                state.purses.waiting.take(purse, held);
            }
        }
        state.read(today, sums);
    }

    /// This amount will not be written.
    pub(super) fn lost(&self, payers: Payers<'_>, held: Held) {
        let mut state = self.lock();
        state.accounts.lose(payers.account, held);
        for purse in payers.purses.iter() {
            state.purses.lose(purse, held);
        }
    }

    /// This is all that processes which have ended left behind, and that is not in the ledger yet.
    pub(super) fn left_behind(&self, sums: &sums::Sums) {
        let mut state = self.lock();
        (state.accounts.left_behind, state.purses.left_behind) = Default::default();
        for (account, day, _, row) in sums.rows() {
            state.accounts.left_behind.add(account, day, row.cost);
        }
        for (sum_of, day, row) in sums.rows_of_purses() {
            if let SumOf::One(purse) = sum_of {
                state.purses.left_behind.add(purse, day, row.cost);
            }
        }
    }

    /// The ledger was read: so much has been spent there.
    pub(super) fn read(&self, today: Day, sums: Sums) {
        self.lock().read(today, sums);
    }

    /// What the account has spent, as far as it is known. A sum that was read on another day holds for its month alone.
    pub(super) fn spent(&self, account: &AccountId, today: Day) -> Spent {
        self.lock().accounts.spent(account, today)
    }

    /// The same of a purse.
    pub(super) fn spent_from(&self, purse: &Purse, today: Day) -> Spent {
        self.lock().purses.spent(purse, today)
    }

    /// Whether what this id stands for was counted by this process.
    pub(super) fn has_counted(&self, account: &AccountId, id: &str) -> bool {
        self.lock().counted.contains(account, id)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn read(&mut self, today: Day, sums: Sums) {
        self.accounts.read(today, sums.accounts);
        self.purses.read(today, sums.purses);
    }
}

impl<Of: Clone + Ord + Hash> Counts<Of> {
    fn read(&mut self, day: Day, sums: HashMap<Of, Spent>) {
        self.read.extend(sums.into_iter().map(|(of, spent)| (of, Read { day, spent })));
    }

    fn lose(&mut self, of: &Of, held: Held) {
        self.waiting.take(of, held);
        self.lost.add(of, held.day, held.cost);
    }

    fn spent(&self, of: &Of, today: Day) -> Spent {
        let mut spent = match self.read.get(of) {
            Some(read) if read.day == today => read.spent,
            Some(read) if read.day.first_of_month() == today.first_of_month() => {
                Spent { today: Usd::default(), month: read.spent.month }
            }
            Some(_) | None => Spent::default(),
        };
        for amounts in [&self.waiting, &self.lost, &self.left_behind] {
            amounts.add_to(&mut spent, of, today);
        }
        spent
    }
}

/// Money by whose it is and day.
#[derive(Debug)]
struct Amounts<Of>(BTreeMap<Of, BTreeMap<Day, Usd>>);

impl<Of> Default for Amounts<Of> {
    fn default() -> Amounts<Of> {
        Amounts(BTreeMap::new())
    }
}

impl<Of: Clone + Ord> Amounts<Of> {
    fn add(&mut self, of: &Of, day: Day, cost: Usd) {
        if cost == Usd::default() {
            return;
        }
        let days = self.0.entry(of.clone()).or_default();
        *days.entry(day).or_default() += cost;
    }

    fn take(&mut self, of: &Of, held: Held) {
        let Some(days) = self.0.get_mut(of) else { return };
        if let Some(amount) = days.get_mut(&held.day) {
            *amount = Usd(amount.0.saturating_sub(held.cost.0).max(0));
            if *amount == Usd::default() {
                days.remove(&held.day);
            }
        }
        if days.is_empty() {
            self.0.remove(of);
        }
    }

    fn add_to(&self, spent: &mut Spent, of: &Of, today: Day) {
        let days = self.0.get(of).into_iter().flat_map(|days| days.range(today.first_of_month()..=today));
        for (day, cost) in days {
            spent.month += *cost;
            if *day == today {
                spent.today += *cost;
            }
        }
    }
}

/// The ids that were seen last.
#[derive(Debug, Default)]
struct Recent {
    known: HashSet<(AccountId, String)>,
    order: VecDeque<(AccountId, String)>,
}

/// So many ids are remembered; the ledger itself remembers them all.
const MOST_RECENT: usize = 10_000;

impl Recent {
    /// Whether it is new.
    fn insert(&mut self, account: &AccountId, id: &str) -> bool {
        let key = (account.clone(), id.to_owned());
        if !self.known.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > MOST_RECENT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }

    fn contains(&self, account: &AccountId, id: &str) -> bool {
        self.known.contains(&(account.clone(), id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::account::ModelFamily;
    use crate::domain::time::Timestamp;
    use crate::domain::usage::Purses;
    use crate::domain::usage::Tier;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn id() -> AccountId {
        AccountId::new("a")
    }

    fn purse() -> Purse {
        Purse::key("ci")
    }

    fn payers<'p>(account: &'p AccountId, purses: &'p Purses) -> Payers<'p> {
        Payers { account, purses }
    }

    fn entry(cost: i64, mark: Option<Mark>) -> Entry {
        Entry {
            at: Timestamp(0),
            request_id: String::new(),
            attempt: 1,
            account: id(),
            purses: Arc::new(Purses::of([purse()])),
            session: String::new(),
            model: None,
            family: ModelFamily::named(""),
            endpoint: String::new(),
            host: String::new(),
            status: 200,
            served: true,
            tokens: None,
            tier: Tier::Standard,
            cost: Some(Usd(cost)),
            is_unpriced: false,
            mark,
            first_byte_ms: None,
            duration_ms: 0,
            why: "first",
            effects: Vec::new(),
            breaker: None,
            owns: Vec::new(),
            rate_used: None,
        }
    }

    #[track_caller]
    fn check(tally: &Tally, today: &str, of_today: i64, of_month: i64) {
        let expected = Spent { today: Usd(of_today), month: Usd(of_month) };
        assert_eq!([tally.spent(&id(), day(today)), tally.spent_from(&purse(), day(today))], [expected; 2], "{today}");
    }

    fn sums(today: i64, month: i64) -> Sums {
        let spent = Spent { today: Usd(today), month: Usd(month) };
        Sums { accounts: HashMap::from([(id(), spent)]), purses: HashMap::from([(purse(), spent)]) }
    }

    #[test]
    fn an_amount_counts_from_when_it_is_queued_and_once() {
        let tally = Tally::default();
        let today = day("2026-04-02");
        tally.read(today, sums(100, 200));
        let held = tally.hold(&entry(5, None), today);
        check(&tally, "2026-04-02", 105, 205);
        // A look at the file in between does not have it yet.
        tally.read(today, sums(110, 210));
        check(&tally, "2026-04-02", 115, 215);
        let purses = Purses::of([purse()]);
        tally.written([(payers(&id(), &purses), held)].into_iter(), today, sums(115, 215));
        check(&tally, "2026-04-02", 115, 215);
    }

    #[test]
    fn a_sum_holds_for_the_day_and_the_month_it_was_read_on() {
        let tally = Tally::default();
        tally.read(day("2026-04-02"), sums(5, 9));
        tally.hold(&entry(1, None), day("2026-04-02"));
        tally.hold(&entry(2, None), day("2026-04-03"));
        for (today, of_today, of_month) in
            [("2026-04-02", 6, 10), ("2026-04-03", 2, 12), ("2026-04-04", 0, 12), ("2026-05-01", 0, 0)]
        {
            check(&tally, today, of_today, of_month);
        }
        // Each account has a day of its own: that another one was read after midnight says nothing of this one.
        let other = HashMap::from([(AccountId::new("b"), Spent::default())]);
        tally.read(day("2026-04-03"), Sums { accounts: other, purses: HashMap::new() });
        check(&tally, "2026-04-03", 2, 12);
    }

    #[test]
    fn what_the_file_refuses_counts_on_in_this_process() {
        let tally = Tally::default();
        let today = day("2026-04-02");
        let held = tally.hold(&entry(5, None), today);
        tally.lost(payers(&id(), &Purses::of([purse()])), held);
        tally.read(today, sums(100, 100));
        check(&tally, "2026-04-02", 105, 105);
        check(&tally, "2026-04-03", 0, 105);
    }

    #[test]
    fn what_several_answers_report_counts_once() {
        let tally = Tally::default();
        let today = day("2026-04-02");
        let hold = |mark| tally.hold(&entry(5, Some(mark)), today).counts;
        let once = |id: &str| Mark::Once(id.to_owned());
        let due = |id: &str| Mark::IfDue(id.to_owned());
        assert!(hold(once("x")) && !hold(once("x")) && !hold(due("x")));
        assert!(!hold(due("y")), "nobody here asked for it");
        assert!(hold(Mark::Later("z".to_owned())));
        assert!(tally.has_counted(&id(), "x") && !tally.has_counted(&id(), "z"));
        assert!(hold(due("z")) && !hold(due("z")));
        check(&tally, "2026-04-02", 15, 15);
    }

    #[test]
    fn no_more_ids_are_remembered_than_there_is_room_for() {
        let mut recent = Recent::default();
        for number in 0..MOST_RECENT + 5 {
            assert!(recent.insert(&id(), &number.to_string()));
        }
        assert_eq!((recent.known.len(), recent.order.len()), (MOST_RECENT, MOST_RECENT));
        assert!(!recent.contains(&id(), "4") && recent.contains(&id(), "5"));
    }
}
