//! The rows of attempts. Those of one batch have most of their values in common: what the row before had stays bound.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Transaction};

use crate::domain::usage::Tokens;
use crate::ledger::Entry;
use crate::ledger::schema::stored;

const COLUMNS: usize = 21;

pub(super) struct Attempts<'b> {
    insert: CachedStatement<'b>,
    bound: [ValueRef<'b>; COLUMNS],
}

impl<'b> Attempts<'b> {
    pub(super) fn new(transaction: &'b Transaction<'_>) -> rusqlite::Result<Attempts<'b>> {
        let insert = transaction.prepare_cached(
            "INSERT INTO attempts (at, request, attempt, account, session, model, family, endpoint, status, served, \
             input, cached, output, reasoning, cost, first_byte_ms, duration_ms, why, cache_write, tier, purses) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        Ok(Attempts { insert, bound: [ValueRef::Null; COLUMNS] })
    }

    /// Adds a row, without what the attempt used if that does not count.
    pub(super) fn insert(&mut self, entry: &'b Entry, counts: bool) -> rusqlite::Result<()> {
        let row = row(entry, counts);
        for (number, (value, bound)) in row.iter().zip(&self.bound).enumerate() {
            if value != bound {
                self.insert.raw_bind_parameter(number + 1, ToSqlOutput::Borrowed(*value))?;
            }
        }
        self.bound = row;
        self.insert.raw_execute().map(drop)
    }
}

fn row(entry: &Entry, counts: bool) -> [ValueRef<'_>; COLUMNS] {
    let number = |number: u64| ValueRef::Integer(stored(number));
    let tokens = entry.tokens.filter(|_| counts);
    let of_tokens = |count: fn(Tokens) -> u64| tokens.map(|tokens| number(count(tokens))).into();
    [
        ValueRef::Integer(entry.at.0),
        entry.request_id.as_str().into(),
        number(entry.attempt.into()),
        entry.account.as_str().into(),
        entry.session.as_str().into(),
        entry.model.as_deref().into(),
        entry.family.as_str().into(),
        entry.endpoint.as_str().into(),
        number(entry.status.into()),
        number(entry.served.into()),
        of_tokens(|tokens| tokens.input),
        of_tokens(|tokens| tokens.cached),
        of_tokens(|tokens| tokens.output),
        of_tokens(|tokens| tokens.reasoning),
        entry.cost.filter(|_| counts).map(|cost| ValueRef::Integer(cost.0)).into(),
        entry.first_byte_ms.map(number).into(),
        number(entry.duration_ms),
        entry.why.into(),
        of_tokens(|tokens| tokens.cache_write),
        tokens.map(|_| entry.tier.name()).into(),
        entry.purses.text().into(),
    ]
}
