//! Keeps what several answers report from counting twice, by any process: a row for each response, batch or run whose use
//! is to be reported or was.

use rusqlite::{Transaction, params};

use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Mark;

/// Whether what an entry with this mark used counts.
pub(in crate::ledger) fn counts(
    transaction: &Transaction<'_>,
    account: &AccountId,
    mark: Option<&Mark>,
    at: Timestamp,
) -> rusqlite::Result<bool> {
    let (statement, id) = match mark {
        None => return Ok(true),
        Some(Mark::Once(id)) => (
            "INSERT INTO counted (account, id, counted, at) VALUES (?1, ?2, 1, ?3) \
             ON CONFLICT (account, id) DO UPDATE SET counted = 1, at = excluded.at WHERE counted = 0",
            id,
        ),
        Some(Mark::IfDue(id)) => {
            ("UPDATE counted SET counted = 1, at = ?3 WHERE account = ?1 AND id = ?2 AND counted = 0", id)
        }
        Some(Mark::Later(id)) => {
            ("INSERT OR IGNORE INTO counted (account, id, counted, at) VALUES (?1, ?2, 0, ?3)", id)
        }
    };
    let changed = transaction.prepare_cached(statement)?.execute(params![account.as_str(), id, at.0])?;
    Ok(changed > 0 || matches!(mark, Some(Mark::Later(_))))
}
