//! The sums of a batch by account, day and model, added to those of the file.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};

use crate::clock::Clock;
use crate::domain::account::AccountId;
use crate::domain::time::Day;
use crate::domain::usage::{Tokens, Usd};
use crate::ledger::Entry;
use crate::ledger::schema::stored;

#[derive(Default)]
pub(super) struct Sums(BTreeMap<(AccountId, Day, String), Sum>);

#[derive(Default)]
struct Sum {
    requests: u64,
    tokens: Tokens,
    cost: Usd,
    unpriced: u64,
}

impl Sums {
    /// Counts an attempt that served or used tokens. One that was refused is no request.
    pub(super) fn add(&mut self, entry: &Entry, clock: &Clock) {
        if !entry.served && entry.tokens.is_none() {
            return;
        }
        let key = (entry.account.clone(), clock.day(entry.at), entry.model.clone().unwrap_or_default());
        let sum = self.0.entry(key).or_default();
        sum.requests += u64::from(entry.served);
        sum.tokens += entry.tokens.unwrap_or_default();
        sum.cost += entry.cost.unwrap_or_default();
        sum.unpriced += u64::from(entry.tokens.is_some() && entry.cost.is_none());
    }

    /// Adds to the file's sums, which stop at the most an integer holds: beyond it SQLite would go on in floating point.
    pub(super) fn store(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
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
