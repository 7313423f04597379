//! What a person inspects in the ledger: attempts as they are written, those before, and use by hours and days. No request
//! waits for any of it, and the ledger is only read.

use super::Books;
use crate::domain::time::{Day, Timestamp};
use crate::error::{Error, ErrorKind, deepest};
use crate::ledger::LedgerError;
pub use crate::ledger::{Attempt, Attempts, Look, ModelUsage, Span};

impl Books {
    /// This process only reads: a ledger that is damaged is left to those who write to it.
    pub fn look_on(&self) {
        self.ledger().look_on();
    }

    /// Whether something was written to the ledger since the last time. `None` as long as there is none.
    ///
    /// # Errors
    ///
    /// `Internal` when it cannot be read now.
    pub async fn look_at_ledger(&self) -> Result<Option<Look>, Error> {
        self.ledger().look().await.map_err(unread)
    }

    /// At most `most` attempts of a span. `None` as long as there is no ledger.
    ///
    /// # Errors
    ///
    /// As for [`Books::look_at_ledger`].
    pub async fn attempts(&self, span: Span, most: u32) -> Result<Option<Attempts>, Error> {
        self.ledger().attempts(span, most).await.map_err(unread)
    }

    /// What was used by attempts that were over from `from` on and before `to`, whose rows are numbered up to `last`.
    ///
    /// # Errors
    ///
    /// As for [`Books::look_at_ledger`].
    pub async fn used_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        last: i64,
    ) -> Result<Option<Vec<ModelUsage>>, Error> {
        self.ledger().usage_between(from, to, last).await.map_err(unread)
    }

    /// What was used on each local day from `first` to `last`, exactly.
    ///
    /// # Errors
    ///
    /// As for [`Books::look_at_ledger`].
    pub async fn used_on_days(&self, first: Day, last: Day) -> Result<Option<Vec<(Day, ModelUsage)>>, Error> {
        self.ledger().usage_of_days(first, last).await.map_err(unread)
    }
}

/// What the ledger refuses, with what it comes from.
fn unread(error: LedgerError) -> Error {
    let cause = std::error::Error::source(&error).map(|source| format!(": {}", deepest(source))).unwrap_or_default();
    Error::new(ErrorKind::Internal, format!("{error}{cause}")).hint(error.hint()).caused_by(error)
}
