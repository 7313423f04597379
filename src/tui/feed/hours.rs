//! Usage in each of the last 48 local hours. Past hours are read once; what comes later is added row by row, also
//! to the hour of a row that was written late.

use std::collections::BTreeMap;

use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::usage::Totals;
use crate::manager::books::history::{Attempt, ModelUsage};
use crate::tui::fact::HourUse;

/// So many hours are known, with the one that runs.
const HOURS: usize = 48;

type Key = (AccountId, Option<String>);

/// The sums of each hour, by when it began.
#[derive(Default)]
pub(super) struct Hours {
    /// When each of them began, the oldest first.
    began: Vec<Timestamp>,
    sums: BTreeMap<Timestamp, BTreeMap<Key, Totals>>,
    /// Those that are still to be read from the ledger, the newest last.
    unread: Vec<Timestamp>,
    /// What was written up to this row is read by hours; what comes later is added.
    last: i64,
}

impl Hours {
    /// All of them are to be read, as far as rows are numbered up to `last`. `hour_began` is the clock's.
    pub(super) fn begin(&mut self, hour_began: impl Fn(Timestamp) -> Timestamp, now: Timestamp, last: i64) {
        *self = Hours { last, ..Hours::default() };
        self.turn(hour_began, now);
        self.unread.clone_from(&self.began);
    }

    /// Time went on. Whether an hour began; the oldest goes then.
    pub(super) fn turn(&mut self, hour_began: impl Fn(Timestamp) -> Timestamp, now: Timestamp) -> bool {
        let running = hour_began(now);
        if self.began.last() == Some(&running) {
            return false;
        }
        let mut began = Vec::with_capacity(HOURS);
        let mut hour = running;
        while began.len() < HOURS {
            began.push(hour);
            hour = hour_began(Timestamp(hour.0.saturating_sub(1)));
        }
        began.reverse();
        self.sums.retain(|hour, _| *hour >= began[0]);
        self.unread.retain(|hour| *hour >= began[0]);
        self.began = began;
        true
    }

    /// The next hour to be read: from, to, and up to which row.
    pub(super) fn next_unread(&self) -> Option<(Timestamp, Timestamp, i64)> {
        let hour = *self.unread.last()?;
        let after = self.began.iter().find(|began| **began > hour).copied();
        Some((hour, after.unwrap_or(Timestamp(i64::MAX)), self.last))
    }

    /// What was read of the hour that began then.
    pub(super) fn was_read(&mut self, hour: Timestamp, used: Vec<ModelUsage>) {
        self.unread.retain(|unread| *unread != hour);
        for ModelUsage { account, model, totals } in used {
            *self.sums.entry(hour).or_default().entry((account, model)).or_default() += totals;
        }
    }

    /// Adds a row that was written after the others. Whether that changes anything.
    pub(super) fn add(&mut self, attempt: &Attempt) -> bool {
        let totals = Totals {
            requests: u64::from(attempt.served),
            tokens: attempt.tokens.unwrap_or_default(),
            cost: attempt.cost.unwrap_or_default(),
        };
        let Some(hour) = self.began.iter().rev().find(|began| **began <= attempt.at) else { return false };
        if totals == Totals::default() {
            return false;
        }
        let key = (attempt.account.clone(), attempt.model.clone());
        *self.sums.entry(*hour).or_default().entry(key).or_default() += totals;
        true
    }

    /// For the screen.
    pub(super) fn report(&self) -> Vec<HourUse> {
        let of_hour = |(begins, sums): (&Timestamp, &BTreeMap<Key, Totals>)| {
            let begins = *begins;
            sums.iter()
                .map(move |((account, model), totals)| HourUse {
                    begins,
                    used: ModelUsage { account: account.clone(), model: model.clone(), totals: *totals },
                })
                .collect::<Vec<_>>()
        };
        self.sums.iter().flat_map(of_hour).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::AccountId;
    use crate::domain::usage::{Tokens, Usd};

    const HOUR: i64 = 3_600_000;
    /// Half past the hour of this number.
    fn at(hour: i64) -> Timestamp {
        Timestamp(hour * HOUR + HOUR / 2)
    }

    /// In a zone that is half an hour off.
    fn began(at: Timestamp) -> Timestamp {
        Timestamp((at.0 + HOUR / 2).div_euclid(HOUR) * HOUR - HOUR / 2)
    }

    fn attempt(row: i64, at: Timestamp, served: bool) -> Attempt {
        Attempt {
            row,
            at,
            request: row.to_string(),
            attempt: 1,
            account: AccountId::new("a"),
            session: "s".to_owned(),
            model: None,
            family: "default".to_owned(),
            endpoint: "/v1/responses".to_owned(),
            status: 200,
            served,
            tokens: served.then(|| Tokens { input: 2, ..Tokens::default() }),
            cost: served.then_some(Usd(3)),
            first_byte_ms: None,
            duration_ms: 1,
            why: "first".to_owned(),
            purses: Vec::new(),
        }
    }

    fn requests(hours: &Hours) -> Vec<(i64, u64)> {
        hours.report().iter().map(|hour| (hour.begins.0, hour.used.totals.requests)).collect()
    }

    #[test]
    fn each_hour_is_read_once_from_the_newest_to_the_oldest_without_a_gap() {
        let mut hours = Hours::default();
        hours.begin(began, at(100), 7);
        let mut end = i64::MAX;
        for hour in (53..=100).rev() {
            let (from, to, last) = hours.next_unread().unwrap();
            assert_eq!((from, to, last), (began(at(hour)), Timestamp(end), 7));
            hours.was_read(from, Vec::new());
            end = from.0;
        }
        assert_eq!(hours.next_unread(), None);
        assert!(hours.report().is_empty(), "hours without use are left out");
    }

    #[test]
    fn rows_that_come_later_are_added_to_their_own_hour_and_old_hours_go() {
        let mut hours = Hours::default();
        hours.begin(began, at(100), 1);
        let totals = Totals { requests: 5, ..Totals::default() };
        hours.was_read(began(at(99)), vec![ModelUsage { account: AccountId::new("a"), model: None, totals }]);
        assert!(hours.add(&attempt(2, at(100), true)) && hours.add(&attempt(3, at(99), true)));
        assert!(!hours.add(&attempt(4, at(100), false)), "one that was refused used nothing");
        assert!(!hours.add(&attempt(5, at(40), true)), "too long ago");
        let (past, running) = (began(at(99)).0, began(at(100)).0);
        assert_eq!(requests(&hours), [(past, 6), (running, 1)]);
        let used = hours.report()[1].used.clone();
        assert_eq!((used.totals.tokens.input, used.totals.cost), (2, Usd(3)));
        assert!(!hours.turn(began, at(100)) && hours.turn(began, at(101)));
        hours.add(&attempt(6, at(101), true));
        assert_eq!(requests(&hours).len(), 3);
        hours.turn(began, at(147));
        assert_eq!(requests(&hours), [(running, 1), (began(at(101)).0, 1)]);
    }
}
