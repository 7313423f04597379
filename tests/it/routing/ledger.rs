//! The ledger as it stands on the disk.

use std::path::PathBuf;

use rusqlite::Connection;

use crate::support::{Sandbox, eventually};

/// What the attempts that served took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    pub requests: i64,
    pub input: i64,
    pub cached: i64,
    pub output: i64,
    /// In pico-USD.
    pub cost: i64,
}

fn path(sandbox: &Sandbox) -> PathBuf {
    sandbox.path("cam-data/ledger.sqlite")
}

/// Opens it; the test fails when it never appears.
pub fn open(sandbox: &Sandbox) -> Connection {
    let path = path(sandbox);
    eventually("there is a ledger", || path.is_file().then_some(()));
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    connection
}

/// The sums of the rows of all attempts.
pub fn rows(sandbox: &Sandbox) -> Sums {
    sums(
        sandbox,
        "SELECT COALESCE(SUM(served), 0), COALESCE(SUM(input), 0), COALESCE(SUM(cached), 0), COALESCE(SUM(output), 0), COALESCE(SUM(cost), 0) FROM attempts",
    )
}

/// The sums of the days.
pub fn days(sandbox: &Sandbox) -> Sums {
    sums(
        sandbox,
        "SELECT COALESCE(SUM(requests), 0), COALESCE(SUM(input), 0), COALESCE(SUM(cached), 0), COALESCE(SUM(output), 0), COALESCE(SUM(cost), 0) FROM days",
    )
}

fn sums(sandbox: &Sandbox, query: &str) -> Sums {
    let read = open(sandbox).query_row(query, [], |row| {
        Ok(Sums {
            requests: row.get(0)?,
            input: row.get(1)?,
            cached: row.get(2)?,
            output: row.get(3)?,
            cost: row.get(4)?,
        })
    });
    // A process that has only just made the file has not made its tables yet.
    read.unwrap_or(Sums { requests: 0, input: 0, cached: 0, output: 0, cost: 0 })
}
