//! The attempts, in the order in which they were written.

use rusqlite::{Row, Transaction, params};

use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::usage::{Purse, Purses, Tokens, Usd};
use crate::ledger::schema::{counted, has_purses};

/// No more rows are read at once.
const MOST: u32 = 5_000;

/// Which attempts; the number of a row grows with the time at which it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The newest, the newest first.
    Newest,
    /// Those before the row of this number, the newest first.
    Before(i64),
    /// Those after it, the oldest first.
    After(i64),
}

/// Some attempts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempts {
    /// Which file they are of; see [`super::Look`].
    pub file: u64,
    /// The number of the file's newest row; 0 when it has none.
    pub last: i64,
    /// The attempts.
    pub rows: Vec<Attempt>,
}

/// One upstream attempt that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The number of its row.
    pub row: i64,
    /// When it was over.
    pub at: Timestamp,
    /// The request it was made for, as `x-request-id` has it.
    pub request: String,
    /// 1 for the request's first attempt.
    pub attempt: u32,
    /// The account it was made with.
    pub account: AccountId,
    /// The session that made it.
    pub session: String,
    /// The model the request named.
    pub model: Option<String>,
    /// The model's family.
    pub family: String,
    /// The path, without the query.
    pub endpoint: String,
    /// The status of the answer; 0 for none, 499 when the client left, 502 when the stream broke.
    pub status: u16,
    /// Whether the client was served by it.
    pub served: bool,
    /// What the answer used, where it says so and that was not counted before.
    pub tokens: Option<Tokens>,
    /// What that cost; `None` for a model without a price.
    pub cost: Option<Usd>,
    /// From the start of the attempt to the first byte of the answer's body, in milliseconds.
    pub first_byte_ms: Option<u64>,
    /// From the start of the attempt to its end, in milliseconds.
    pub duration_ms: u64,
    /// Why this account was chosen, in one word.
    pub why: String,
    /// What it was paid from beside its account: its projects, and the key of the proxy that its request came with.
    pub purses: Vec<Purse>,
}

/// What every build that made tables has, and `$purses`, which stand for those that this file may not have yet.
macro_rules! columns {
    ($purses:literal, $rest:literal) => {
        concat!(
            "SELECT id, at, request, attempt, account, session, model, family, endpoint, status, served, \
             input, cached, output, reasoning, cost, first_byte_ms, duration_ms, why, ",
            $purses,
            " FROM attempts ",
            $rest
        )
    };
}

/// The statements that page back and that follow.
pub(super) struct Pages {
    pub(super) newest_before: &'static str,
    pub(super) oldest_after: &'static str,
}

macro_rules! pages {
    ($purses:literal) => {
        Pages {
            newest_before: columns!($purses, "WHERE id < ? ORDER BY id DESC LIMIT ?"),
            oldest_after: columns!($purses, "WHERE id > ? ORDER BY id LIMIT ?"),
        }
    };
}

pub(super) const WITH_PURSES: Pages = pages!("purses");
pub(super) const WITHOUT_PURSES: Pages = pages!("NULL");
pub(super) const LAST: &str = "SELECT max(id) FROM attempts";

pub(super) fn read(transaction: &Transaction<'_>, span: Span, most: u32, file: u64) -> rusqlite::Result<Attempts> {
    let last: Option<i64> = transaction.prepare_cached(LAST)?.query_row([], |row| row.get(0))?;
    let last = last.unwrap_or_default();
    let pages = if has_purses(transaction)? { WITH_PURSES } else { WITHOUT_PURSES };
    let (sql, from) = match span {
        Span::Newest => (pages.newest_before, i64::MAX),
        Span::Before(row) => (pages.newest_before, row),
        Span::After(row) => (pages.oldest_after, row),
    };
    let mut statement = transaction.prepare_cached(sql)?;
    let rows = statement.query_map(params![from, most.min(MOST)], attempt)?.collect::<rusqlite::Result<_>>()?;
    Ok(Attempts { file, last, rows })
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    let count = |column: usize| row.get::<_, Option<i64>>(column).map(|count| count.map(counted));
    Ok(Attempt {
        row: row.get(0)?,
        at: Timestamp(row.get(1)?),
        request: row.get(2)?,
        attempt: small(row.get(3)?),
        account: AccountId::new(row.get::<_, String>(4)?),
        session: row.get(5)?,
        model: row.get(6)?,
        family: row.get(7)?,
        endpoint: row.get(8)?,
        status: small(row.get(9)?),
        served: row.get(10)?,
        tokens: tokens(row, 11)?,
        cost: row.get::<_, Option<i64>>(15)?.map(Usd),
        first_byte_ms: count(16)?,
        duration_ms: count(17)?.unwrap_or_default(),
        why: row.get(18)?,
        purses: row.get_ref(19)?.as_str_or_null()?.map(Purses::parse).unwrap_or_default(),
    })
}

/// The tokens whose columns begin at `first`; `None` when the answer reported none.
pub(super) fn tokens(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Tokens>> {
    let Some(input) = row.get::<_, Option<i64>>(first)? else { return Ok(None) };
    let count = |column: usize| row.get::<_, Option<i64>>(first + column).map(|count| counted(count.unwrap_or(0)));
    Ok(Some(Tokens {
        input: counted(input),
        cached: count(1)?,
        output: count(2)?,
        reasoning: count(3)?,
        cache_write: 0,
    }))
}

/// A number as it was kept; one out of range came from elsewhere.
fn small<T: TryFrom<i64> + Default>(stored: i64) -> T {
    T::try_from(stored).unwrap_or_default()
}
