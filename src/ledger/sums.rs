//! Sums of entries by account, day and model, and by purse and day, to be added to those of the file.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Transaction, params};

use super::schema::{add_to_sums, stored};
use super::{Entry, UsageRow};
use crate::domain::account::AccountId;
use crate::domain::time::Day;
use crate::domain::usage::{Purse, PurseKind, Purses};

#[derive(Default)]
pub(super) struct Sums {
    days: BTreeMap<(AccountId, Day, String), UsageRow>,
    purses: BTreeMap<(SumOf, Day), UsageRow>,
}

/// What a sum of purses is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SumOf {
    /// One purse.
    One(Purse),
    /// All of a kind together: what is paid from two of them counts once.
    All(PurseKind),
}

impl SumOf {
    /// As the table has it: the kind, and the name, which is empty for all of a kind.
    pub(super) fn key(&self) -> (&'static str, &str) {
        match self {
            SumOf::One(purse) => (purse.kind.name(), &purse.name),
            SumOf::All(kind) => (kind.name(), ""),
        }
    }

    /// What such a key is of; `None` for a kind that a later build may have written.
    pub(super) fn of(kind: &str, name: &str) -> Option<SumOf> {
        let kind = PurseKind::parse(kind)?;
        Some(if name.is_empty() { SumOf::All(kind) } else { SumOf::One(Purse { kind, name: name.into() }) })
    }

    /// All that an entry with these purses is counted in.
    fn all(purses: &Purses) -> impl Iterator<Item = SumOf> {
        let kinds = PurseKind::ALL.into_iter().filter(|kind| purses.has(*kind)).map(SumOf::All);
        kinds.chain(purses.iter().cloned().map(SumOf::One))
    }
}

/// So many models are counted apart; a client that makes names up must not fill the memory.
const MOST: usize = 10_000;

impl Sums {
    /// Adds an attempt of `day` that served or used tokens. One that was refused is no request; what it used is left out
    /// where it does not count.
    pub(super) fn add(&mut self, entry: &Entry, counts: bool, day: Day) {
        let tokens = entry.tokens.filter(|_| counts);
        let cost = entry.cost.filter(|_| counts);
        if !entry.served && tokens.is_none() && cost.is_none() {
            return;
        }
        let row = UsageRow {
            requests: u64::from(entry.served),
            tokens: tokens.unwrap_or_default(),
            cost: cost.unwrap_or_default(),
            unpriced: u64::from(counts && entry.is_unpriced),
            ..UsageRow::default()
        };
        for sum_of in SumOf::all(&entry.purses) {
            self.add_purse((sum_of, day), &row);
        }
        self.add_row((entry.account.clone(), day, entry.model.clone().unwrap_or_default()), &row);
    }

    /// Adds others.
    pub(super) fn add_all(&mut self, others: &Sums) {
        for (key, sum) in &others.days {
            self.add_row(key.clone(), sum);
        }
        for (key, sum) in &others.purses {
            self.add_purse(key.clone(), sum);
        }
    }

    /// Adds a row of one account, day and model.
    pub(super) fn add_row(&mut self, key: (AccountId, Day, String), more: &UsageRow) {
        let is_known = self.days.len() < MOST || self.days.contains_key(&key);
        let key = if is_known { key } else { (key.0, key.1, String::new()) };
        self.days.entry(key).or_default().add(more);
    }

    /// Adds a row of a purse, or of all of a kind, and a day.
    pub(super) fn add_purse(&mut self, key: (SumOf, Day), more: &UsageRow) {
        self.purses.entry(key).or_default().add(more);
    }

    /// Whose they are.
    pub(super) fn accounts(&self) -> BTreeSet<AccountId> {
        self.days.keys().map(|(account, ..)| account.clone()).collect()
    }

    /// What they were paid from.
    pub(super) fn purses(&self) -> BTreeSet<Purse> {
        let one = |(sum_of, _): &(SumOf, Day)| match sum_of {
            SumOf::One(purse) => Some(purse.clone()),
            SumOf::All(_) => None,
        };
        self.purses.keys().filter_map(one).collect()
    }

    /// Each sum as a row of its account, day and model.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&AccountId, Day, &str, &UsageRow)> {
        self.days.iter().map(|((account, day, model), row)| (account, *day, model.as_str(), row))
    }

    /// Each sum of a purse, or of all of a kind, as a row of its day.
    pub(super) fn rows_of_purses(&self) -> impl Iterator<Item = (&SumOf, Day, &UsageRow)> {
        self.purses.iter().map(|((sum_of, day), row)| (sum_of, *day, row))
    }

    /// Adds to the file's sums, which stop at the most an integer holds: beyond it SQLite would go on in floating point.
    pub(super) fn store(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let into_days = add_to_sums!("days", "account, day, model", "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
        for ((account, day, model), sum) in self.days {
            add(transaction, into_days, [account.as_str(), &day.to_string(), &model], &sum)?;
        }
        let into_purses = add_to_sums!("purses", "kind, name, day", "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
        for ((sum_of, day), sum) in self.purses {
            let (kind, name) = sum_of.key();
            add(transaction, into_purses, [kind, name, &day.to_string()], &sum)?;
        }
        Ok(())
    }
}

fn add(transaction: &Transaction<'_>, sql: &str, key: [&str; 3], sum: &UsageRow) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(sql)?
        .execute(params![
            key[0],
            key[1],
            key[2],
            stored(sum.requests),
            stored(sum.tokens.input),
            stored(sum.tokens.cached),
            stored(sum.tokens.output),
            stored(sum.tokens.reasoning),
            sum.cost.0,
            stored(sum.unpriced),
        ])
        .map(drop)
}
