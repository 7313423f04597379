//! Sums of entries by account, day and model, to be added to those of the file.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Transaction, params};

use super::schema::{add_to_days, stored};
use super::{Entry, UsageRow};
use crate::domain::account::AccountId;
use crate::domain::time::Day;

#[derive(Default)]
pub(super) struct Sums(BTreeMap<(AccountId, Day, String), UsageRow>);

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
        self.add_row((entry.account.clone(), day, entry.model.clone().unwrap_or_default()), &row);
    }

    /// Adds others.
    pub(super) fn add_all(&mut self, others: &Sums) {
        for (key, sum) in &others.0 {
            self.add_row(key.clone(), sum);
        }
    }

    /// Adds a row of one account, day and model.
    pub(super) fn add_row(&mut self, key: (AccountId, Day, String), more: &UsageRow) {
        let is_known = self.0.len() < MOST || self.0.contains_key(&key);
        let key = if is_known { key } else { (key.0, key.1, String::new()) };
        self.0.entry(key).or_default().add(more);
    }

    /// Whose they are.
    pub(super) fn accounts(&self) -> BTreeSet<AccountId> {
        self.0.keys().map(|(account, ..)| account.clone()).collect()
    }

    /// Each sum as a row of its account, day and model.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&AccountId, Day, &str, &UsageRow)> {
        self.0.iter().map(|((account, day, model), row)| (account, *day, model.as_str(), row))
    }

    /// Adds to the file's sums, which stop at the most an integer holds: beyond it SQLite would go on in floating point.
    pub(super) fn store(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        for ((account, day, model), sum) in self.0 {
            transaction.prepare_cached(add_to_days!("VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))?.execute(params![
                account.as_str(),
                day.to_string(),
                model,
                stored(sum.requests),
                stored(sum.tokens.input),
                stored(sum.tokens.cached),
                stored(sum.tokens.output),
                stored(sum.tokens.reasoning),
                sum.cost.0,
                stored(sum.unpriced),
            ])?;
        }
        Ok(())
    }
}
