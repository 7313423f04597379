//! Answers to questions. What can be summed is summed here rather than by SQLite, whose sums fail when they overflow.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::schema::{counted, has_purses, select_days};
use super::sums::{SumOf, Sums};
use super::{AccountUsage, By, Question, Standing, UsageRow, tally};
use crate::domain::account::AccountId;
use crate::domain::health::LONGEST_WAIT;
use crate::domain::health::breaker::Breaker;
use crate::domain::health::breakers::{BreakerKey, Breakers, Counted};
use crate::domain::health::condition::Condition;
use crate::domain::time::{Day, Timestamp};
use crate::domain::usage::rate_headers::RateUsed;
use crate::domain::usage::{Purse, PurseKind, Spent, Tokens, Totals, Usd};

pub(super) const OWNER: &str = "SELECT account FROM owners WHERE id = ?";

/// All that is known of the accounts at `now`.
pub(super) fn standing(connection: &Connection, question: &Question, now: Timestamp) -> rusqlite::Result<Standing> {
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
    let mut statement = connection.prepare_cached(OWNER)?;
    for id in &question.owners_of {
        if let Some(owner) = statement.query_row([id], |row| account(row, 0)).optional()? {
            standing.owners.insert(id.clone(), owner);
        }
    }
    Ok(standing)
}

/// What these accounts and purses have spent today and this month.
pub(super) fn sums(
    connection: &Connection,
    accounts: impl IntoIterator<Item = AccountId>,
    purses: impl IntoIterator<Item = Purse>,
    today: Day,
) -> rusqlite::Result<tally::Sums> {
    let mut sums = tally::Sums::default();
    for account in accounts {
        let of_account = spent(connection, SPENT, &[account.as_str()], today)?;
        sums.accounts.insert(account, of_account);
    }
    let mut purses = purses.into_iter().peekable();
    let has_purses = purses.peek().is_some() && has_purses(connection)?;
    for purse in purses {
        let key = [purse.kind.name(), &*purse.name];
        let from_purse = if has_purses { spent(connection, SPENT_FROM, &key, today)? } else { Spent::default() };
        sums.purses.insert(purse, from_purse);
    }
    Ok(sums)
}

pub(super) const SPENT: &str = "SELECT day, cost FROM days WHERE account = ? AND day BETWEEN ? AND ?";
pub(super) const SPENT_FROM: &str = "SELECT day, cost FROM purses WHERE kind = ? AND name = ? AND day BETWEEN ? AND ?";

/// What `sql` finds by `key` for today and this month. Days after today came from a clock that jumped.
fn spent(connection: &Connection, sql: &str, key: &[&str], today: Day) -> rusqlite::Result<Spent> {
    let (from, to) = (today.first_of_month().to_string(), today.to_string());
    let mut statement = connection.prepare_cached(sql)?;
    let bound = key.iter().copied().chain([from.as_str(), to.as_str()]);
    let mut rows = statement.query(params_from_iter(bound))?;
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

/// The usage of some days.
#[derive(Default)]
pub(super) struct Usage {
    /// By the text that rows are in the order of; the part of what is paid from no purse has no text.
    rows: BTreeMap<Option<String>, UsageRow>,
    /// All of it, in which each request counts once.
    total: UsageRow,
}

impl Usage {
    /// Adds to the row of `key`, or to what no purse has paid for so far.
    fn add(&mut self, key: Option<String>, more: &UsageRow) {
        self.rows.entry(key).or_default().add(more);
        self.total.add(more);
    }
}

/// The accounts are found by stepping from one to the next in the table's own order, so that the days of a year are not read
/// for the sake of a month.
pub(super) const OF_DAYS: &str =
    select_days!("days.account, day, model, requests, input, cached, output, reasoning, cost, unpriced");

/// What was paid from the purses of a kind, and from all of them together.
pub(super) const OF_PURSES: &str = "SELECT name, requests, input, cached, output, reasoning, cost, unpriced FROM purses \
     WHERE kind = ? AND day BETWEEN ? AND ?";

/// The usage of the days from `first` to `last`.
pub(super) fn usage(connection: &Connection, first: Day, last: Day, by: By) -> rusqlite::Result<Usage> {
    let mut statement = connection.prepare_cached(OF_DAYS)?;
    let mut rows = statement.query([first.to_string(), last.to_string()])?;
    let mut usage = Usage::default();
    while let Some(row) = rows.next()? {
        let key: Option<String> = match by {
            By::Account => row.get(0).map(Some)?,
            By::Day => row.get(1).map(Some)?,
            By::Model => row.get(2).map(Some)?,
            By::Purse(_) => None,
        };
        usage.add(key, &usage_row(row, 3)?);
    }
    if let By::Purse(kind) = by
        && has_purses(connection)?
    {
        let mut statement = connection.prepare_cached(OF_PURSES)?;
        let mut rows = statement.query([kind.name(), &first.to_string(), &last.to_string()])?;
        while let Some(row) = rows.next()? {
            add_of_purses(&mut usage, row.get_ref(0)?.as_str()?, &usage_row(row, 1)?);
        }
    }
    Ok(usage)
}

/// What is paid from all purses of a kind together is not paid from none.
fn add_of_purses(usage: &mut Usage, name: &str, more: &UsageRow) {
    match name {
        "" => usage.rows.entry(None).or_default().subtract(more),
        name => usage.rows.entry(Some(name.to_owned())).or_default().add(more),
    }
}

fn usage_row(row: &Row<'_>, first: usize) -> rusqlite::Result<UsageRow> {
    let Totals { requests, tokens, cost } = totals(row, first)?;
    Ok(UsageRow { requests, tokens, cost, unpriced: counted(row.get(first + 6)?), ..UsageRow::default() })
}

/// Rows of usage and their total, with sums that are not in the file yet.
pub(super) fn rows_with(mut usage: Usage, pending: &Sums, first: Day, last: Day, by: By) -> (Vec<UsageRow>, UsageRow) {
    for (account, day, model, row) in pending.rows().filter(|(_, day, ..)| (first..=last).contains(day)) {
        let key = match by {
            By::Account => Some(account.to_string()),
            By::Day => Some(day.to_string()),
            By::Model => Some(model.to_owned()),
            By::Purse(_) => None,
        };
        usage.add(key, row);
    }
    let wanted = |kind: PurseKind| by == By::Purse(kind);
    for (sum_of, _, row) in pending.rows_of_purses().filter(|(_, day, _)| (first..=last).contains(day)) {
        match sum_of {
            SumOf::All(kind) if wanted(*kind) => add_of_purses(&mut usage, "", row),
            SumOf::One(purse) if wanted(purse.kind) => add_of_purses(&mut usage, &purse.name, row),
            SumOf::All(_) | SumOf::One(_) => {}
        }
    }
    let is_used = |(key, sum): &(Option<String>, UsageRow)| key.is_some() || *sum != UsageRow::default();
    let rows = usage.rows.into_iter().filter(is_used).map(|(key, sum)| named(key, sum, by));
    (rows.collect(), usage.total)
}

fn named(key: Option<String>, sum: UsageRow, by: By) -> UsageRow {
    match by {
        By::Account => UsageRow { account: key.map(AccountId::new), ..sum },
        By::Day => UsageRow { day: key.and_then(|day| day.parse().ok()), ..sum },
        By::Model => UsageRow { model: key.filter(|model| !model.is_empty()), ..sum },
        By::Purse(kind) => UsageRow { purse: key.map(|name| Purse { kind, name: name.into() }), ..sum },
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
