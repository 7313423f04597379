//! Answers to questions. What can be summed is summed here rather than by SQLite, whose sums fail when they overflow.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension, Row};

use super::schema::{counted, select_days};
use super::sums::Sums;
use super::{AccountUsage, By, Question, Standing, UsageRow};
use crate::domain::account::AccountId;
use crate::domain::health::LONGEST_WAIT;
use crate::domain::health::breaker::Breaker;
use crate::domain::health::breakers::{BreakerKey, Breakers, Counted};
use crate::domain::health::condition::Condition;
use crate::domain::time::{Day, Timestamp};
use crate::domain::usage::rate_headers::RateUsed;
use crate::domain::usage::{Spent, Tokens, Totals, Usd};

pub(super) const OWNER: &str = "SELECT account FROM owners WHERE id = ?";

/// All that is known of the accounts at `now`.
pub(super) fn standing(
    connection: &Connection,
    question: &Question,
    today: Day,
    now: Timestamp,
) -> rusqlite::Result<Standing> {
    let breakers = breakers(connection)?;
    let mut standing = Standing { breakers, at: now, ..Standing::default() };
    let mut statement =
        connection.prepare_cached("SELECT account, health, health_at, bucket, bucket_at, last_used FROM conditions")?;
    for row in statement.query_map([], |row| Ok((account(row, 0)?, condition(row, 1)?)))? {
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
    let mut statement = connection.prepare_cached(OWNER)?;
    for id in &question.owners_of {
        if let Some(owner) = statement.query_row([id], |row| account(row, 0)).optional()? {
            standing.owners.insert(id.clone(), owner);
        }
    }
    Ok(standing)
}

pub(super) const SPENT: &str = "SELECT day, cost FROM days WHERE account = ? AND day BETWEEN ? AND ?";

/// What an account has spent today and this month. Days after today came from a clock that jumped.
pub(super) fn spent(connection: &Connection, account: &AccountId, today: Day) -> rusqlite::Result<Spent> {
    let (from, to) = (today.first_of_month().to_string(), today.to_string());
    let mut statement = connection.prepare_cached(SPENT)?;
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

/// The usage of some days, by the text that rows are in the order of.
pub(super) type Usage = BTreeMap<String, UsageRow>;

/// The accounts are found by stepping from one to the next in the table's own order, so that the days of a year are not read
/// for the sake of a month.
pub(super) const OF_DAYS: &str =
    select_days!("days.account, day, model, requests, input, cached, output, reasoning, cost, unpriced");

/// The usage of the days from `first` to `last`.
pub(super) fn usage(connection: &Connection, first: Day, last: Day, by: By) -> rusqlite::Result<Usage> {
    let mut statement = connection.prepare_cached(OF_DAYS)?;
    let mut rows = statement.query([first.to_string(), last.to_string()])?;
    let mut usage = Usage::new();
    while let Some(row) = rows.next()? {
        let key: String = match by {
            By::Account => row.get(0)?,
            By::Day => row.get(1)?,
            By::Model => row.get(2)?,
        };
        let Totals { requests, tokens, cost } = totals(row, 3)?;
        let unpriced = counted(row.get(9)?);
        let row = UsageRow { requests, tokens, cost, unpriced, ..UsageRow::default() };
        usage.entry(key).or_default().add(&row);
    }
    Ok(usage)
}

/// Rows of usage, with sums that are not in the file yet.
pub(super) fn rows_with(mut usage: Usage, pending: &Sums, first: Day, last: Day, by: By) -> Vec<UsageRow> {
    for (account, day, model, row) in pending.rows().filter(|(_, day, ..)| (first..=last).contains(day)) {
        let key = match by {
            By::Account => account.to_string(),
            By::Day => day.to_string(),
            By::Model => model.to_owned(),
        };
        usage.entry(key).or_default().add(row);
    }
    usage.into_iter().map(|(key, sum)| named(key, sum, by)).collect()
}

fn named(key: String, sum: UsageRow, by: By) -> UsageRow {
    match by {
        By::Account => UsageRow { account: Some(AccountId::new(key)), ..sum },
        By::Day => UsageRow { day: key.parse().ok(), ..sum },
        By::Model => UsageRow { model: Some(key).filter(|model| !model.is_empty()), ..sum },
    }
}

/// As [`OF_DAYS`], of what a month's sums need.
pub(super) const OF_MONTH: &str = select_days!("days.account, day, requests, input, cached, output, reasoning, cost");

/// What each account used today and this month.
pub(super) fn usage_of_accounts(
    connection: &Connection,
    today: Day,
) -> rusqlite::Result<HashMap<AccountId, AccountUsage>> {
    let (from, to) = (today.first_of_month().to_string(), today.to_string());
    let mut statement = connection.prepare_cached(OF_MONTH)?;
    let mut rows = statement.query([&from, &to])?;
    let mut usage: HashMap<AccountId, AccountUsage> = HashMap::new();
    while let Some(row) = rows.next()? {
        let totals = totals(row, 2)?;
        let sum = usage.entry(account(row, 0)?).or_default();
        sum.month += totals;
        if row.get_ref(1)?.as_str()? == to {
            sum.today += totals;
        }
    }
    Ok(usage)
}

/// Adds sums that are not in the file yet to what each account used today and this month.
pub(super) fn add_pending(usage: &mut HashMap<AccountId, AccountUsage>, pending: &Sums, today: Day) {
    let of_month = |day: &Day| (today.first_of_month()..=today).contains(day);
    for (account, day, _, row) in pending.rows().filter(|(_, day, ..)| of_month(day)) {
        let totals = Totals { requests: row.requests, tokens: row.tokens, cost: row.cost };
        let sum = usage.entry(account.clone()).or_default();
        sum.month += totals;
        if day == today {
            sum.today += totals;
        }
    }
}

/// The sums whose columns begin at `first`.
pub(super) fn totals(row: &Row<'_>, first: usize) -> rusqlite::Result<Totals> {
    let count = |column: usize| row.get(first + column).map(counted);
    Ok(Totals {
        requests: count(0)?,
        tokens: Tokens { input: count(1)?, cached: count(2)?, output: count(3)?, reasoning: count(4)?, cache_write: 0 },
        cost: Usd(row.get(first + 5)?),
    })
}

pub(super) fn account(row: &Row<'_>, column: usize) -> rusqlite::Result<AccountId> {
    row.get::<_, String>(column).map(AccountId::new)
}

/// How the table marks each of the two sorts.
pub(super) const ACCOUNT: &str = "account";
pub(super) const HOST: &str = "host";

/// Every breaker of the file.
pub(super) fn breakers(connection: &Connection) -> rusqlite::Result<Breakers> {
    let mut statement = connection.prepare_cached("SELECT kind, key, host, failures, open_until FROM breakers")?;
    let rows = statement.query_map([], |row| {
        let name: String = row.get(1)?;
        let key = if row.get_ref(0)?.as_str()? == HOST {
            BreakerKey::Host(name)
        } else {
            BreakerKey::Account(AccountId::new(name))
        };
        let failures = u32::try_from(row.get::<_, i64>(3)?).unwrap_or(u32::MAX);
        let breaker = Breaker { failures, open_until: row.get::<_, Option<i64>>(4)?.map(Timestamp) };
        Ok((key, Counted { breaker, host: row.get(2)? }))
    })?;
    rows.collect()
}

/// The condition whose columns begin at `first`.
pub(super) fn condition(row: &Row<'_>, first: usize) -> rusqlite::Result<Condition> {
    Ok(Condition {
        health: row.get(first)?,
        health_at: Timestamp(row.get(first + 1)?),
        bucket: row.get(first + 2)?,
        bucket_at: Timestamp(row.get(first + 3)?),
        last_used: row.get::<_, Option<i64>>(first + 4)?.map(Timestamp),
    })
}
