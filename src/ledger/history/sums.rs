//! What was used over a time, by account and model. Summed here rather than by SQLite, whose sums fail when they overflow.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};

use super::attempts::tokens;
use crate::domain::account::AccountId;
use crate::domain::time::{Day, Timestamp};
use crate::domain::usage::{Totals, Usd};
use crate::ledger::read::{account, totals};
use crate::ledger::schema::select_days;

/// What one account used with one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelUsage {
    /// The account.
    pub account: AccountId,
    /// The model; `None` for requests that named none.
    pub model: Option<String>,
    /// What it used.
    pub totals: Totals,
}

pub(super) const BETWEEN: &str = "SELECT account, model, served, input, cached, output, reasoning, cost FROM attempts INDEXED BY attempts_at \
     WHERE at >= ? AND at < ? AND id <= ?";

/// The accounts are found by stepping from one to the next in the table's own order, so that the days of a year are not
/// read for the sake of a week.
pub(super) const OF_DAYS: &str =
    select_days!("day, days.account, model, requests, input, cached, output, reasoning, cost");

/// By the index of times; the rows it leads to lie beside each other.
pub(super) fn between(
    transaction: &Transaction<'_>,
    from: Timestamp,
    to: Timestamp,
    last: i64,
) -> rusqlite::Result<Vec<ModelUsage>> {
    let mut statement = transaction.prepare_cached(BETWEEN)?;
    let mut rows = statement.query(params![from.0, to.0, last])?;
    // Of many rows few are of an account or a model that was not seen before.
    let mut sums: BTreeMap<String, BTreeMap<String, Totals>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let account = row.get_ref(0)?.as_str()?;
        let model = row.get_ref(1)?.as_str_or_null()?.unwrap_or_default();
        let sum = of_name(of_name(&mut sums, account), model);
        sum.requests = sum.requests.saturating_add(u64::from(row.get::<_, bool>(2)?));
        sum.tokens += tokens(row, 3)?.unwrap_or_default();
        sum.cost += Usd(row.get::<_, Option<i64>>(7)?.unwrap_or_default());
    }
    let of_account = |(account, models): (String, BTreeMap<String, Totals>)| {
        let used = models.into_iter().filter(|(_, totals)| *totals != Totals::default());
        used.map(move |(model, totals)| ModelUsage {
            account: AccountId::new(account.clone()),
            model: Some(model).filter(|model| !model.is_empty()),
            totals,
        })
    };
    Ok(sums.into_iter().flat_map(of_account).collect())
}

/// What is kept under this name, which is written down only once.
fn of_name<'s, T: Default>(sums: &'s mut BTreeMap<String, T>, name: &str) -> &'s mut T {
    if !sums.contains_key(name) {
        sums.insert(name.to_owned(), T::default());
    }
    sums.get_mut(name).expect("it was put there")
}

pub(super) fn of_days(
    transaction: &Transaction<'_>,
    first: Day,
    last: Day,
) -> rusqlite::Result<Vec<(Day, ModelUsage)>> {
    let mut statement = transaction.prepare_cached(OF_DAYS)?;
    let mut rows = statement.query(params![first.to_string(), last.to_string()])?;
    let mut days = Vec::new();
    while let Some(row) = rows.next()? {
        let Ok(day) = row.get_ref(0)?.as_str()?.parse::<Day>() else { continue };
        let model = row.get::<_, String>(2)?;
        let model = Some(model).filter(|model| !model.is_empty());
        days.push((day, ModelUsage { account: account(row, 1)?, model, totals: totals(row, 3)? }));
    }
    Ok(days)
}
