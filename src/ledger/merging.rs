//! Two accounts that became one: what the ledger has of the one is the other's from now on.

use std::time::Duration;

use rusqlite::{Transaction, params};

use super::schema::add_to_sums;
use super::{Ledger, LedgerError, files};
use crate::domain::account::AccountId;

/// So often it is tried while other processes write.
const TRIES: u32 = 40;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// The sums of days are added; where both have a condition, that of the account that stays holds.
const STEPS: [&str; 11] = [
    "UPDATE attempts SET account = ?1 WHERE account = ?2",
    add_to_sums!(
        "days",
        "account, day, model",
        "SELECT ?1, day, model, requests, input, cached, output, reasoning, cost, unpriced FROM days WHERE account = ?2"
    ),
    "DELETE FROM days WHERE account = ?2",
    "UPDATE OR IGNORE conditions SET account = ?1 WHERE account = ?2",
    "DELETE FROM conditions WHERE account = ?2",
    "UPDATE OR IGNORE rates SET account = ?1 WHERE account = ?2",
    "DELETE FROM rates WHERE account = ?2",
    "DELETE FROM breakers WHERE kind = 'account' AND key = ?2",
    "UPDATE owners SET account = ?1 WHERE account = ?2",
    "UPDATE OR IGNORE counted SET account = ?1 WHERE account = ?2",
    "DELETE FROM counted WHERE account = ?2",
];

impl Ledger {
    /// Makes all that is known of the account `gone` known of `kept`. Doing it again moves what came since.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::standing`], and [`LedgerError::Busy`] while another program holds the file.
    pub async fn merge(&self, kept: &AccountId, gone: &AccountId) -> Result<(), LedgerError> {
        let mut tries = 1;
        loop {
            let (kept, gone) = (kept.clone(), gone.clone());
            let merged = self.ask(move |database, _| {
                // Without a file there is nothing to move, and none is made.
                if files::identity(database.path()).is_ok_and(|seen| seen.is_none()) {
                    return Ok(());
                }
                database.write(|transaction| join(transaction, kept.as_str(), gone.as_str()))
            });
            match merged.await {
                // Others write all the time, each for a moment.
                Err(LedgerError::Busy { .. }) if tries < TRIES => tokio::time::sleep(BETWEEN_TRIES).await,
                done => return done,
            }
            tries += 1;
        }
    }
}

fn join(transaction: &Transaction<'_>, kept: &str, gone: &str) -> rusqlite::Result<()> {
    if kept == gone {
        return Ok(());
    }
    for step in STEPS {
        transaction.execute(step, params![kept, gone])?;
    }
    Ok(())
}
