//! Money that was spent and that the ledger did not take, because its disk is full or its file cannot be written. Limits
//! hold all the same, in this process: what the ledger tells afterwards does not know of it.

use std::collections::{BTreeMap, HashMap};

use crate::domain::account::AccountId;
use crate::domain::time::Day;
use crate::domain::usage::{Spent, Usd};

/// By account and day.
#[derive(Debug, Default)]
pub struct Uncounted(HashMap<AccountId, BTreeMap<Day, Usd>>);

impl Uncounted {
    /// `cost` was spent on `day`; what was before its month no longer matters.
    pub fn add(&mut self, account: AccountId, day: Day, cost: Usd) {
        let days = self.0.entry(account).or_default();
        days.retain(|known, _| *known >= day.first_of_month());
        *days.entry(day).or_default() += cost;
    }

    /// Forgets accounts that are gone.
    pub fn forget_accounts_but(&mut self, is_there: impl Fn(&AccountId) -> bool) {
        self.0.retain(|id, _| is_there(id));
    }

    /// What `spent` is with it.
    pub fn with(&self, account: &AccountId, today: Day, mut spent: Spent) -> Spent {
        for (day, cost) in self.0.get(account).into_iter().flat_map(|days| days.range(today.first_of_month()..=today)) {
            spent.month += *cost;
            if *day == today {
                spent.today += *cost;
            }
        }
        spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_for_its_day_and_its_month() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let (id, other) = (AccountId::new("a"), AccountId::new("b"));
        let mut uncounted = Uncounted::default();
        for (on, cost) in [("2026-03-31", 1), ("2026-04-01", 2), ("2026-04-02", 4), ("2026-04-02", 8)] {
            uncounted.add(id.clone(), day(on), Usd(cost));
        }
        let told = Spent { today: Usd(100), month: Usd(200) };
        for (today, expected) in [
            ("2026-04-01", (102, 202)),
            ("2026-04-02", (112, 214)),
            ("2026-04-03", (100, 214)),
            ("2026-05-01", (100, 200)),
        ] {
            let spent = uncounted.with(&id, day(today), told);
            assert_eq!((spent.today.0, spent.month.0), expected, "{today}");
        }
        assert_eq!(uncounted.with(&other, day("2026-04-02"), told), told);
    }
}
