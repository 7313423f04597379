//! The tables. What changes here changes [`VERSION`], and gets a step that leads from the version before.

use rusqlite::{Connection, OptionalExtension, Transaction};

/// The version of the tables below. The file's `user_version` says it up to 2; see [`THIRD`].
pub(super) const VERSION: i64 = 3;

/// Version 1. `attempts` holds every upstream attempt; `days` their exact sums, so that spending is read from a handful of rows.
/// Times are unix milliseconds, money is pico-USD, a request without a model has the empty one.
const FIRST: &str = "
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        request TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        account TEXT NOT NULL,
        session TEXT NOT NULL,
        model TEXT,
        family TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        status INTEGER NOT NULL,
        served INTEGER NOT NULL,
        input INTEGER,
        cached INTEGER,
        output INTEGER,
        reasoning INTEGER,
        cost INTEGER,
        first_byte_ms INTEGER,
        duration_ms INTEGER NOT NULL,
        why TEXT NOT NULL
    ) STRICT;
    CREATE INDEX attempts_at ON attempts (at);
    CREATE TABLE days (
        account TEXT NOT NULL,
        day TEXT NOT NULL,
        model TEXT NOT NULL,
        requests INTEGER NOT NULL,
        input INTEGER NOT NULL,
        cached INTEGER NOT NULL,
        output INTEGER NOT NULL,
        reasoning INTEGER NOT NULL,
        cost INTEGER NOT NULL,
        unpriced INTEGER NOT NULL,
        PRIMARY KEY (account, day, model)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE conditions (
        account TEXT PRIMARY KEY,
        health REAL NOT NULL,
        health_at INTEGER NOT NULL,
        bucket REAL NOT NULL,
        bucket_at INTEGER NOT NULL,
        last_used INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE rates (
        account TEXT PRIMARY KEY,
        used REAL NOT NULL,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE breakers (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        host TEXT NOT NULL,
        failures INTEGER NOT NULL,
        open_until INTEGER,
        PRIMARY KEY (kind, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE owners (
        id TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX owners_at ON owners (at);
    CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;
";

/// From version 1 to 2: what is kept from counting twice, and what a price follows. A process of the version before that has
/// the file open goes on writing to it as it does.
const SECOND: &str = "
    ALTER TABLE attempts ADD COLUMN cache_write INTEGER;
    ALTER TABLE attempts ADD COLUMN tier TEXT;
    CREATE TABLE counted (
        account TEXT NOT NULL,
        id TEXT NOT NULL,
        counted INTEGER NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (account, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX counted_at ON counted (at);
    PRAGMA user_version = 2;
";

/// From version 2 to 3: what was spent for each project and with each key of the proxy. The row without a name is of all of a
/// kind together, in which a request counts once. Builds that know version 2 refuse a file that says it has another, so it goes
/// on saying 2, and the table says that this step is done: they read and write the file as they did, and what they spend is for
/// no project. The next step says 4.
const THIRD: &str = "
    ALTER TABLE attempts ADD COLUMN purses TEXT;
    CREATE TABLE purses (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        day TEXT NOT NULL,
        requests INTEGER NOT NULL,
        input INTEGER NOT NULL,
        cached INTEGER NOT NULL,
        output INTEGER NOT NULL,
        reasoning INTEGER NOT NULL,
        cost INTEGER NOT NULL,
        unpriced INTEGER NOT NULL,
        PRIMARY KEY (kind, name, day)
    ) STRICT, WITHOUT ROWID;
";

/// The steps from each version to the next.
const STEPS: [&str; 3] = [FIRST, SECOND, THIRD];

/// The statement that adds `$rows` to the sums of `$table`, which has a row for each of `$key`. Sums stop at the most an integer
/// holds: beyond it SQLite would go on in floating point.
macro_rules! add_to_sums {
    ($table:literal, $key:literal, $rows:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (",
            $key,
            ", requests, input, cached, output, reasoning, cost, unpriced) ",
            $rows,
            " ON CONFLICT (",
            $key,
            ") DO UPDATE SET \
             requests = min(requests + excluded.requests, 9223372036854775807), \
             input = min(input + excluded.input, 9223372036854775807), \
             cached = min(cached + excluded.cached, 9223372036854775807), \
             output = min(output + excluded.output, 9223372036854775807), \
             reasoning = min(reasoning + excluded.reasoning, 9223372036854775807), \
             cost = min(cost + excluded.cost, 9223372036854775807), \
             unpriced = min(unpriced + excluded.unpriced, 9223372036854775807)",
        )
    };
}
pub(super) use add_to_sums;

/// The statement that reads `$columns` of the days between two, account by account, so that the table's own order finds them.
macro_rules! select_days {
    ($columns:literal) => {
        concat!(
            "WITH RECURSIVE known (account) AS ( \
                 SELECT min(account) FROM days \
                 UNION ALL \
                 SELECT (SELECT min(account) FROM days WHERE account > known.account) FROM known \
                 WHERE known.account IS NOT NULL \
             ) SELECT ",
            $columns,
            " FROM known CROSS JOIN days ON days.account = known.account WHERE day BETWEEN ? AND ?",
        )
    };
}
pub(super) use select_days;

/// The version that the file has; 0 for one that is empty.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    let said = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(if said == 2 && has_purses(connection)? { 3 } else { said })
}

/// Whether there is a table of purses.
pub(super) fn has_purses(connection: &Connection) -> rusqlite::Result<bool> {
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'purses'")?;
    Ok(statement.query_row([], |_| Ok(())).optional()?.is_some())
}

/// Brings the tables from the version they have to the present one, unless another process was faster. The version then.
pub(super) fn bring_up(transaction: &Transaction<'_>) -> rusqlite::Result<i64> {
    let found = usize::try_from(version(transaction)?).unwrap_or_default();
    for step in STEPS.iter().skip(found) {
        transaction.execute_batch(step)?;
    }
    version(transaction)
}

/// A count as SQLite keeps it; no real one is beyond its range.
pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as it was kept.
pub(super) fn counted(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}
