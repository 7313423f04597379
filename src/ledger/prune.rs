//! Forgetting what is old: at most once a day on the whole machine, in steps so small that no writer waits for one.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::time::{Day, Timestamp};

/// How long an attempt is kept.
const ATTEMPTS: i64 = 90 * DAY;
/// How long the upstream keeps what was made, and we the account that made it.
const OWNERS: i64 = 30 * DAY;
/// How long it is kept what a response or a batch reported: longer than the upstream keeps it.
const COUNTED: i64 = 60 * DAY;
/// How many days of sums are kept: a year and the month before.
const DAYS: u32 = 400;
const DAY: i64 = 24 * 60 * 60 * 1_000;
/// Rows that go in one step.
const STEP: usize = 500;
/// When so many days went by since the last time, the clock has perhaps jumped: nothing is forgotten before the next day.
const LEAP: i64 = 30;

/// What removes some of the rows that are older than an age; the sums of days are last.
pub(super) const STAGES: [(&str, i64); 3] = [
    ("DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE at < ? ORDER BY at LIMIT ?)", ATTEMPTS),
    ("DELETE FROM owners WHERE id IN (SELECT id FROM owners WHERE at < ? ORDER BY at LIMIT ?)", OWNERS),
    (
        "DELETE FROM counted WHERE (account, id) IN (SELECT account, id FROM counted WHERE at < ? ORDER BY at LIMIT ?)",
        COUNTED,
    ),
];

/// Whether old rows are to go today. Yes to the one process that asks first.
pub(super) fn claim(transaction: &Transaction<'_>, today: Day) -> rusqlite::Result<bool> {
    let last = transaction.query_row("SELECT value FROM meta WHERE key = 'pruned'", [], |row| row.get::<_, String>(0));
    let last = last.optional()?.and_then(|day| day.parse::<Day>().ok());
    if last == Some(today) {
        return Ok(false);
    }
    transaction.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('pruned', ?)", params![today.to_string()])?;
    Ok(last.is_some_and(|last| today.days_since(last) <= LEAP))
}

/// What is left to be pruned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pruning {
    today: Day,
    now: Timestamp,
    /// How many of [`STAGES`] are done.
    done: usize,
}

impl Pruning {
    pub(super) fn new(today: Day, now: Timestamp) -> Pruning {
        Pruning { today, now, done: 0 }
    }

    /// Removes some rows, and tells what is left to be done.
    pub(super) fn step(self, transaction: &Transaction<'_>) -> rusqlite::Result<Option<Pruning>> {
        let Some((statement, age)) = STAGES.get(self.done) else {
            let oldest = self.today.days_before(DAYS).to_string();
            transaction.execute("DELETE FROM days WHERE day < ?", params![oldest])?;
            transaction.execute("DELETE FROM purses WHERE day < ?", params![oldest])?;
            transaction.execute(
                "DELETE FROM meta WHERE key LIKE ? || '%' AND value < ?",
                params![super::spill::NOTE, oldest],
            )?;
            super::labels::forget(transaction)?;
            return Ok(None);
        };
        let removed = transaction.execute(statement, params![self.now.0.saturating_sub(*age), STEP])?;
        Ok(Some(Pruning { done: self.done + usize::from(removed < STEP), ..self }))
    }
}
