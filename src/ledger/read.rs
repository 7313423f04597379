//! Answers to questions. What can be summed is summed here rather than by SQLite, whose sums fail when they overflow.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension, Row};

use super::batch::{all_breakers, condition_from_row};
use super::schema::counted;
use super::{AccountUsage, By, Question, RateUsed, Standing, UsageRow};
use crate::domain::account::AccountId;
use crate::domain::health::LONGEST_WAIT;
use crate::domain::time::{Day, Timestamp};
use crate::domain::usage::{Spent, Tokens, Totals, Usd};

/// All that is known of the accounts at `now`.
pub(super) fn standing(
    connection: &Connection,
    question: &Question,
    today: Day,
    now: Timestamp,
) -> rusqlite::Result<Standing> {
    let breakers = all_breakers(connection)?.into_iter().map(|(key, kept)| (key, kept.breaker)).collect();
    let mut standing = Standing { breakers, at: now, ..Standing::default() };
    let mut statement =
        connection.prepare_cached("SELECT account, health, health_at, bucket, bucket_at, last_used FROM conditions")?;
    for row in statement.query_map([], |row| Ok((account(row, 0)?, condition_from_row(row, 1)?)))? {
        standing.conditions.extend([row?]);
    }
    let mut statement = connection.prepare_cached("SELECT account, used, until FROM rates")?;
    let rates = statement
        .query_map([], |row| Ok((account(row, 0)?, RateUsed { used: row.get(1)?, until: Timestamp(row.get(2)?) })))?;
    for rate in rates {
        let (account, rate) = rate?;
        // An end that lies further away than it can came from a clock that jumped.
        if rate.until > now && rate.until <= now.after(LONGEST_WAIT) {
            standing.rates.insert(account, rate);
        }
    }
    for account in &question.spending_of {
        standing.spending.insert(account.clone(), spent(connection, account, today)?);
    }
    let mut statement = connection.prepare_cached("SELECT account FROM owners WHERE id = ?")?;
    for id in &question.owners_of {
        if let Some(owner) = statement.query_row([id], |row| account(row, 0)).optional()? {
            standing.owners.insert(id.clone(), owner);
        }
    }
    Ok(standing)
}

/// What an account has spent today and this month. Days after today came from a clock that jumped.
pub(super) fn spent(connection: &Connection, account: &AccountId, today: Day) -> rusqlite::Result<Spent> {
    let (from, to) = (today.first_of_month().to_string(), today.to_string());
    let mut statement =
        connection.prepare_cached("SELECT day, cost FROM days WHERE account = ? AND day BETWEEN ? AND ?")?;
    let mut rows = statement.query([account.as_str(), &from, &to])?;
    let mut spent = Spent::default();
    while let Some(row) = rows.next()? {
        let cost = Usd(row.get(1)?);
        spent.month += cost;
        if row.get_ref(0)?.as_str()? == to {
            spent.today += cost;
        }
    }
    Ok(spent)
}

/// The usage of the days from `first` to `last`.
pub(super) fn usage(connection: &Connection, first: Day, last: Day, by: By) -> rusqlite::Result<Vec<UsageRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT account, day, model, requests, input, cached, output, reasoning, cost, unpriced FROM days \
         WHERE day BETWEEN ? AND ?",
    )?;
    let mut rows = statement.query([first.to_string(), last.to_string()])?;
    // The key is the text that the rows are in the order of.
    let mut sums: BTreeMap<String, UsageRow> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let key: String = match by {
            By::Account => row.get(0)?,
            By::Day => row.get(1)?,
            By::Model => row.get(2)?,
        };
        let sum = sums.entry(key).or_default();
        let totals = totals(row, 3)?;
        sum.requests = sum.requests.saturating_add(totals.requests);
        sum.tokens += totals.tokens;
        sum.cost += totals.cost;
        sum.unpriced = sum.unpriced.saturating_add(counted(row.get(9)?));
    }
    Ok(sums.into_iter().map(|(key, sum)| named(key, sum, by)).collect())
}

fn named(key: String, sum: UsageRow, by: By) -> UsageRow {
    match by {
        By::Account => UsageRow { account: Some(AccountId::new(key)), ..sum },
        By::Day => UsageRow { day: key.parse().ok(), ..sum },
        By::Model => UsageRow { model: Some(key).filter(|model| !model.is_empty()), ..sum },
    }
}

/// What each account used today and this month. The accounts are found by stepping from one to the next in the table's
/// own order, so that the days of a year are not read for the sake of one month.
pub(super) fn usage_of_accounts(
    connection: &Connection,
    today: Day,
) -> rusqlite::Result<HashMap<AccountId, AccountUsage>> {
    let (from, to) = (today.first_of_month().to_string(), today.to_string());
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE known (account) AS ( \
             SELECT min(account) FROM days \
             UNION ALL \
             SELECT (SELECT min(account) FROM days WHERE account > known.account) FROM known \
             WHERE known.account IS NOT NULL \
         ) \
         SELECT days.account, day, requests, input, cached, output, reasoning, cost \
         FROM known CROSS JOIN days ON days.account = known.account WHERE day BETWEEN ? AND ?",
    )?;
    let mut rows = statement.query([&from, &to])?;
    let mut usage: HashMap<AccountId, AccountUsage> = HashMap::new();
    while let Some(row) = rows.next()? {
        let totals = totals(row, 2)?;
        let sum = usage.entry(account(row, 0)?).or_default();
        add(&mut sum.month, totals);
        if row.get_ref(1)?.as_str()? == to {
            add(&mut sum.today, totals);
        }
    }
    Ok(usage)
}

fn add(sum: &mut Totals, totals: Totals) {
    sum.requests = sum.requests.saturating_add(totals.requests);
    sum.tokens += totals.tokens;
    sum.cost += totals.cost;
}

/// The sums whose columns begin at `first`.
fn totals(row: &Row<'_>, first: usize) -> rusqlite::Result<Totals> {
    let count = |column: usize| row.get(first + column).map(counted);
    Ok(Totals {
        requests: count(0)?,
        tokens: Tokens { input: count(1)?, cached: count(2)?, output: count(3)?, reasoning: count(4)? },
        cost: Usd(row.get(first + 5)?),
    })
}

fn account(row: &Row<'_>, column: usize) -> rusqlite::Result<AccountId> {
    row.get::<_, String>(column).map(AccountId::new)
}
