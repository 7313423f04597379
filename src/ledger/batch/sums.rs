//! Sums of entries by account, day and model, to be added to those of the file.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Transaction, params};

use crate::domain::account::AccountId;
use crate::domain::time::Day;
use crate::domain::usage::{Tokens, Usd};
use crate::ledger::schema::stored;
use crate::ledger::{Entry, UsageRow};

#[derive(Default)]
pub(in crate::ledger) struct Sums(BTreeMap<(AccountId, Day, String), Sum>);

#[derive(Clone, Copy, Default)]
struct Sum {
    requests: u64,
    tokens: Tokens,
    cost: Usd,
    unpriced: u64,
}

/// So many models are counted apart; a client that makes names up must not fill the memory.
const MOST: usize = 10_000;

impl Sums {
    /// Adds an attempt of `day` that served or used tokens. One that was refused is no request; what it used is left out
    /// where it does not count.
    pub(in crate::ledger) fn add(&mut self, entry: &Entry, counts: bool, day: Day) {
        let tokens = entry.tokens.filter(|_| counts);
        let cost = entry.cost.filter(|_| counts);
        if !entry.served && tokens.is_none() && cost.is_none() {
            return;
        }
        let sum = Sum {
            requests: u64::from(entry.served),
            tokens: tokens.unwrap_or_default(),
            cost: cost.unwrap_or_default(),
            unpriced: u64::from(counts && entry.is_unpriced),
        };
        self.add_sum((entry.account.clone(), day, entry.model.clone().unwrap_or_default()), sum);
    }

    /// Adds a row of one account, day and model.
    pub(in crate::ledger) fn add_row(&mut self, account: AccountId, day: Day, model: String, row: &UsageRow) {
        let sum = Sum { requests: row.requests, tokens: row.tokens, cost: row.cost, unpriced: row.unpriced };
        self.add_sum((account, day, model), sum);
    }

    /// Adds others.
    pub(in crate::ledger) fn add_all(&mut self, others: &Sums) {
        for (key, sum) in &others.0 {
            self.add_sum(key.clone(), *sum);
        }
    }

    fn add_sum(&mut self, key: (AccountId, Day, String), more: Sum) {
        let is_known = self.0.len() < MOST || self.0.contains_key(&key);
        let key = if is_known { key } else { (key.0, key.1, String::new()) };
        let sum = self.0.entry(key).or_default();
        sum.requests = sum.requests.saturating_add(more.requests);
        sum.tokens += more.tokens;
        sum.cost += more.cost;
        sum.unpriced = sum.unpriced.saturating_add(more.unpriced);
    }

    /// Whose they are.
    pub(in crate::ledger) fn accounts(&self) -> BTreeSet<AccountId> {
        self.0.keys().map(|(account, ..)| account.clone()).collect()
    }

    /// Each sum as a row of its account, day and model.
    pub(in crate::ledger) fn rows(&self) -> impl Iterator<Item = (&AccountId, Day, &str, UsageRow)> {
        self.0.iter().map(|((account, day, model), sum)| {
            let Sum { requests, tokens, cost, unpriced } = *sum;
            (account, *day, model.as_str(), UsageRow { requests, tokens, cost, unpriced, ..UsageRow::default() })
        })
    }

    /// Adds to the file's sums, which stop at the most an integer holds: beyond it SQLite would go on in floating point.
    pub(in crate::ledger) fn store(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        for ((account, day, model), sum) in self.0 {
            transaction
                .prepare_cached(
                    "INSERT INTO days (account, day, model, requests, input, cached, output, reasoning, cost, unpriced) \
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
                     ON CONFLICT (account, day, model) DO UPDATE SET \
                     requests = min(requests + excluded.requests, 9223372036854775807), \
                     input = min(input + excluded.input, 9223372036854775807), \
                     cached = min(cached + excluded.cached, 9223372036854775807), \
                     output = min(output + excluded.output, 9223372036854775807), \
                     reasoning = min(reasoning + excluded.reasoning, 9223372036854775807), \
                     cost = min(cost + excluded.cost, 9223372036854775807), \
                     unpriced = min(unpriced + excluded.unpriced, 9223372036854775807)",
                )?
                .execute(params![
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
