//! What a person looks at: the attempts themselves, and their sums over time. A connection of its own that can only read:
//! it makes no file, sets no damaged one aside, and holds no lock for longer than a question takes.

mod attempts;
mod reader;
mod sums;

use std::sync::{Arc, PoisonError};

use rusqlite::Transaction;

pub use attempts::{Attempt, Attempts, Span};
pub(super) use reader::Reader;
pub use sums::ModelUsage;

use super::{Ledger, LedgerError};
use crate::background;
use crate::domain::time::{Day, Timestamp};

/// What the ledger is now: between two looks that are alike nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Which file, as this process counts them: the row numbers of one say nothing of another.
    pub file: u64,
    /// SQLite's own count of changes.
    pub changes: i64,
}

impl Ledger {
    /// Whether something was written since another look. `None` without a file, and before it has tables.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub async fn look(&self) -> Result<Option<Look>, LedgerError> {
        self.history(|transaction, file| {
            let changes = transaction.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
            Ok(Look { file, changes })
        })
        .await
    }

    /// At most `most` attempts of a span. `None` without a file.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::look`].
    pub async fn attempts(&self, span: Span, most: u32) -> Result<Option<Attempts>, LedgerError> {
        self.history(move |transaction, file| attempts::read(transaction, span, most, file)).await
    }

    /// What was used by the attempts that were over from `from` on and before `to`, by account and model, as far as their
    /// rows are numbered up to `last`: whoever adds the rows after it counts each once. `None` without a file.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::look`].
    pub async fn usage_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        last: i64,
    ) -> Result<Option<Vec<ModelUsage>>, LedgerError> {
        self.history(move |transaction, _| sums::between(transaction, from, to, last)).await
    }

    /// What was used on each day from `first` to `last`, by account and model, exactly. `None` without a file.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::look`].
    pub async fn usage_of_days(&self, first: Day, last: Day) -> Result<Option<Vec<(Day, ModelUsage)>>, LedgerError> {
        self.history(move |transaction, _| sums::of_days(transaction, first, last)).await
    }

    /// Asks on another thread than the caller's: SQLite waits a moment for a file that others hold.
    pub(super) async fn history<T: Send + 'static>(
        &self,
        question: impl Fn(&Transaction<'_>, u64) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<Option<T>, LedgerError> {
        let reader = Arc::clone(&self.0.history);
        let asked =
            background::spawn_blocking(move || reader.lock().unwrap_or_else(PoisonError::into_inner).read(question));
        asked.await.unwrap_or_else(|_| Err(self.stopped()))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{attempts, sums};
    use crate::ledger::{prune, read, recent, schema};

    #[test]
    fn no_question_reads_a_table_from_end_to_end() {
        let mut connection = Connection::open_in_memory().unwrap();
        let transaction = connection.transaction().unwrap();
        schema::bring_up(&transaction).unwrap();
        let pages = [attempts::WITH_PURSES, attempts::WITHOUT_PURSES];
        let pages = pages.into_iter().flat_map(|pages| [pages.newest_before, pages.oldest_after]);
        let of_history = pages.chain([attempts::LAST, sums::BETWEEN, sums::OF_DAYS]);
        let of_accounts = [read::SPENT, read::OF_DAYS, read::OF_MONTH, read::OWNER, recent::ENDED];
        let of_purses = [read::SPENT_FROM, read::OF_PURSES];
        let of_pruning = prune::STAGES.map(|(sql, _)| sql);
        for sql in of_history.chain(of_accounts).chain(of_purses).chain(of_pruning) {
            let mut statement = transaction.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let unset = vec![rusqlite::types::Null; statement.parameter_count()];
            let plan = statement.query_map(rusqlite::params_from_iter(unset), |row| row.get::<_, String>(3)).unwrap();
            let plan: Vec<String> = plan.map(Result::unwrap).collect();
            let large = ["attempts", "days", "purses", "owners", "counted"];
            let of_tables = plan.iter().filter(|step| large.iter().any(|table| step.contains(table)));
            assert!(of_tables.clone().count() > 0 && of_tables.clone().all(|step| step.contains("SEARCH")), "{plan:?}");
        }
    }
}
