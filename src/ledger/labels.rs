//! How accounts were called when they were removed: what they used is still shown, and an id tells nobody whose it was.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{Transaction, params};

use super::{Ledger, LedgerError, files};
use crate::domain::account::AccountId;

/// So often it is tried while other processes write.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// How the key of a label begins; the account's id follows. The table is as old as the file: every build opens it.
const LABEL: &str = "label ";

const KEEP: &str = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1 || ?2, ?3)";
const KEPT: &str = "SELECT substr(key, length(?1) + 1), value FROM meta WHERE substr(key, 1, length(?1)) = ?1";
const FORGET: &str = "DELETE FROM meta WHERE substr(key, 1, length(?1)) = ?1 \
     AND NOT EXISTS (SELECT 1 FROM days WHERE account = substr(key, length(?1) + 1))";

impl Ledger {
    /// Keeps how accounts that go are called. Without a file nothing was used, and none is made.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::standing`], and [`LedgerError::Busy`] while another program holds the file.
    pub async fn keep_labels(&self, labels: Vec<(AccountId, String)>) -> Result<(), LedgerError> {
        let mut tries = 1;
        loop {
            let labels = labels.clone();
            let kept = self.ask(move |database, _| {
                if files::identity(database.path()).is_ok_and(|seen| seen.is_none()) {
                    return Ok(());
                }
                database.write(|transaction| {
                    labels.iter().try_for_each(|(account, label)| {
                        transaction.execute(KEEP, params![LABEL, account.as_str(), label]).map(drop)
                    })
                })
            });
            match kept.await {
                // Others write all the time, each for a moment.
                Err(LedgerError::Busy { .. }) if tries < TRIES => tokio::time::sleep(BETWEEN_TRIES).await,
                done => return done,
            }
            tries += 1;
        }
    }

    /// How accounts were called that were removed.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::look`].
    pub async fn former_labels(&self) -> Result<HashMap<AccountId, String>, LedgerError> {
        let read = |transaction: &Transaction<'_>, _| {
            let mut statement = transaction.prepare_cached(KEPT)?;
            let row = |row: &rusqlite::Row<'_>| Ok((AccountId::new(row.get::<_, String>(0)?), row.get(1)?));
            statement.query_map([LABEL], row)?.collect()
        };
        Ok(self.history(read).await?.unwrap_or_default())
    }
}

/// Lets labels go of which nothing is left that was used.
pub(super) fn forget(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute(FORGET, [LABEL]).map(drop)
}
