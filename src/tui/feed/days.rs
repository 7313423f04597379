//! Usage on each of the last 60 local days. Past days are read again only where a row was written late.

use std::collections::BTreeMap;

use crate::domain::account::AccountId;
use crate::domain::time::Day;
use crate::domain::usage::Totals;
use crate::manager::books::history::ModelUsage;
use crate::tui::fact::DayUse;

/// So many days are known, with today.
const DAYS: u32 = 60;

/// The sums of each day.
#[derive(Default)]
pub(super) struct Days {
    today: Option<Day>,
    sums: BTreeMap<(Day, AccountId, Option<String>), Totals>,
    /// The first day that is to be read again.
    unread: Option<Day>,
}

impl Days {
    /// Time went on. Whether a day began, or ended before its time: all of them are to be read then.
    pub(super) fn turn(&mut self, today: Day) -> bool {
        if self.today == Some(today) {
            return false;
        }
        self.today = Some(today);
        self.unread = Some(today.days_before(DAYS - 1));
        true
    }

    /// Something that counts for `day` was written.
    pub(super) fn touch(&mut self, day: Day) {
        if let Some(today) = self.today {
            let day = day.clamp(today.days_before(DAYS - 1), today);
            self.unread = Some(self.unread.map_or(day, |unread| unread.min(day)));
        }
    }

    /// The days that are to be read.
    pub(super) fn unread(&self) -> Option<(Day, Day)> {
        Some((self.unread?, self.today?))
    }

    /// What was read of the days from `first` on.
    pub(super) fn were_read(&mut self, first: Day, days: Vec<(Day, ModelUsage)>) {
        let Some(today) = self.today else { return };
        self.unread = None;
        let oldest = today.days_before(DAYS - 1);
        self.sums.retain(|(day, ..), _| (oldest..first).contains(day));
        for (day, ModelUsage { account, model, totals }) in days {
            self.sums.insert((day, account, model), totals);
        }
    }

    /// For the screen.
    pub(super) fn report(&self) -> Vec<DayUse> {
        let row = |((day, account, model), totals): (&(Day, AccountId, Option<String>), &Totals)| DayUse {
            day: *day,
            used: ModelUsage { account: account.clone(), model: model.clone(), totals: *totals },
        };
        self.sums.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::AccountId;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn used(text: &str, requests: u64) -> (Day, ModelUsage) {
        let totals = Totals { requests, ..Totals::default() };
        (day(text), ModelUsage { account: AccountId::new("a"), model: None, totals })
    }

    fn requests(days: &Days) -> Vec<(String, u64)> {
        days.report().iter().map(|row| (row.day.to_string(), row.used.totals.requests)).collect()
    }

    #[test]
    fn a_day_is_read_again_only_when_something_was_written_for_it() {
        let mut days = Days::default();
        assert!(days.turn(day("2026-03-02")) && !days.turn(day("2026-03-02")));
        assert_eq!(days.unread(), Some((day("2026-01-02"), day("2026-03-02"))));
        days.were_read(day("2026-01-02"), vec![used("2026-01-02", 1), used("2026-03-01", 2), used("2026-03-02", 3)]);
        assert_eq!(days.unread(), None);
        days.touch(day("2026-03-02"));
        assert_eq!(days.unread(), Some((day("2026-03-02"), day("2026-03-02"))));
        days.were_read(day("2026-03-02"), vec![used("2026-03-02", 4)]);
        let all = |rows: &[(&str, u64)]| rows.iter().map(|(day, n)| ((*day).to_owned(), *n)).collect::<Vec<_>>();
        assert_eq!(requests(&days), all(&[("2026-01-02", 1), ("2026-03-01", 2), ("2026-03-02", 4)]));
        // A row that was written late, and one of a clock that jumped.
        days.touch(day("2026-03-01"));
        days.touch(day("2027-03-01"));
        assert_eq!(days.unread(), Some((day("2026-03-01"), day("2026-03-02"))));
        days.turn(day("2026-03-03"));
        days.were_read(day("2026-01-03"), vec![used("2026-03-02", 4)]);
        assert_eq!(requests(&days), all(&[("2026-03-02", 4)]), "the oldest went");
    }
}
