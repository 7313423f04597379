//! What was used in each of the last 48 local hours. Past hours are read once; what comes later is added row by row, also
//! to the hour of a row that was written late.

use std::collections::BTreeMap;

use crate::domain::time::Timestamp;
use crate::domain::usage::Totals;
use crate::manager::Manager;
use crate::manager::history::{Attempt, ModelUsage};
use crate::tui::fact::{HourUse, Used};

/// So many hours are known, with the one that runs.
const HOURS: usize = 48;

type Key = (String, Option<String>);

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
    /// All of them are to be read, as far as rows are numbered up to `last`.
    pub(super) fn begin(&mut self, manager: &Manager, now: Timestamp, last: i64) {
        *self = Hours { last, ..Hours::default() };
        self.turn(manager, now);
        self.unread.clone_from(&self.began);
    }

    /// Time went on. Whether an hour began; the oldest goes then.
    pub(super) fn turn(&mut self, manager: &Manager, now: Timestamp) -> bool {
        let running = manager.hour_began(now);
        if self.began.last() == Some(&running) {
            return false;
        }
        let mut began = Vec::with_capacity(HOURS);
        let mut hour = running;
        while began.len() < HOURS {
            began.push(hour);
            hour = manager.hour_began(Timestamp(hour.0.saturating_sub(1)));
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
            add(self.sums.entry(hour).or_default(), (account.to_string(), model), totals);
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
        let key = (attempt.account.to_string(), attempt.model.clone());
        add(self.sums.entry(*hour).or_default(), key, totals);
        true
    }

    /// For the screen.
    pub(super) fn report(&self) -> Vec<HourUse> {
        let of_hour = |(begins, sums): (&Timestamp, &BTreeMap<Key, Totals>)| {
            let begins = *begins;
            sums.iter()
                .map(move |(key, totals)| HourUse { begins, used: used(key.clone(), *totals) })
                .collect::<Vec<_>>()
        };
        self.sums.iter().flat_map(of_hour).collect()
    }
}

fn add(sums: &mut BTreeMap<Key, Totals>, key: Key, more: Totals) {
    let sum = sums.entry(key).or_default();
    sum.requests = sum.requests.saturating_add(more.requests);
    sum.tokens += more.tokens;
    sum.cost += more.cost;
}

/// What one account used with one model.
pub(super) fn used((account, model): (String, Option<String>), totals: Totals) -> Used {
    Used { account, model, requests: totals.requests, tokens: totals.tokens, cost: totals.cost }
}
