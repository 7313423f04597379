//! What was used on each of the last 60 local days. Past days are read again only where a row was written late.

use std::collections::BTreeMap;

use super::hours::used;
use crate::domain::time::Day;
use crate::domain::usage::Totals;
use crate::manager::history::ModelUsage;
use crate::tui::fact::DayUse;

/// So many days are known, with today.
const DAYS: u32 = 60;

/// The sums of each day.
#[derive(Default)]
pub(super) struct Days {
    today: Option<Day>,
    sums: BTreeMap<(Day, String, Option<String>), Totals>,
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
            self.sums.insert((day, account.to_string(), model), totals);
        }
    }

    /// For the screen.
    pub(super) fn report(&self) -> Vec<DayUse> {
        let row = |((day, account, model), totals): (&(Day, String, Option<String>), &Totals)| DayUse {
            day: *day,
            used: used((account.clone(), model.clone()), *totals),
        };
        self.sums.iter().map(row).collect()
    }
}
