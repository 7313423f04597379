//! Keeps what several answers report from counting twice, by any process: a row for each response, batch or run whose use
//! is to be reported or was.

use rusqlite::{Transaction, params};

use crate::ledger::Entry;
use crate::ledger::entry::Mark;

/// Whether what the entry used counts.
pub(super) fn counts(transaction: &Transaction<'_>, entry: &Entry) -> rusqlite::Result<bool> {
    let (statement, id) = match &entry.mark {
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
    let changed = transaction.prepare_cached(statement)?.execute(params![entry.account.as_str(), id, entry.at.0])?;
    Ok(changed > 0 || matches!(entry.mark, Some(Mark::Later(_))))
}
