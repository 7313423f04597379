//! The connection that can only read: opened at the first question, and again when another file is at the path.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, Error, OpenFlags, Transaction, TransactionBehavior};

use crate::files::Identity;
use crate::ledger::database::is_busy;
use crate::ledger::emptying::is_damage;
use crate::ledger::files;
use crate::ledger::{LedgerError, schema};

/// How long a question waits for a program that lets nobody read.
const PATIENCE: Duration = Duration::from_millis(50);
const STATEMENTS: usize = 8;
/// Pages that are kept, in KiB: what is read is near the end of the tables.
const CACHE: i64 = 512;

pub(in crate::ledger) struct Reader {
    path: PathBuf,
    open: Option<Open>,
    /// How many files were opened.
    files: u64,
}

struct Open {
    connection: Connection,
    identity: Identity,
}

impl Reader {
    pub(in crate::ledger) fn new(path: PathBuf) -> Reader {
        Reader { path, open: None, files: 0 }
    }

    /// Asks in one consistent look; `question` is given the number of the file. `None` when there is nothing to ask.
    pub(super) fn read<T>(
        &mut self,
        question: impl Fn(&Transaction<'_>, u64) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, LedgerError> {
        let Some(file) = self.opened()? else { return Ok(None) };
        let Some(open) = &mut self.open else { return Ok(None) };
        let asked = ask(&mut open.connection, |transaction| question(transaction, file));
        match asked {
            Ok(Asked::Answer(answer)) => Ok(Some(answer)),
            Ok(Asked::NoTables) => Ok(None),
            Ok(Asked::Newer(found)) => {
                self.open = None;
                Err(LedgerError::Newer { path: self.path.clone(), found, known: schema::VERSION })
            }
            Err(error) => {
                if !is_busy(&error) {
                    self.open = None;
                }
                Err(self.failed(error))
            }
        }
    }

    /// The number of the file that is at the path now, with the connection to it; `None` when there is none.
    fn opened(&mut self) -> Result<Option<u64>, LedgerError> {
        let seen = files::identity(&self.path).map_err(|error| self.unopened(error))?;
        if self.open.as_ref().map(|open| open.identity) != seen {
            self.open = None;
        }
        let Some(identity) = seen else { return Ok(None) };
        if self.open.is_none() {
            let path = files::resolved(&self.path).map_err(|error| self.unopened(error))?;
            // Else SQLite could make side files for a file that is moved away at this moment.
            let in_place = files::keep_in_place(&self.path, identity).map_err(|error| self.unopened(error))?;
            let Some(_in_place) = in_place else { return Err(LedgerError::Busy { path: self.path.clone() }) };
            let connection = connect(&path).map_err(|error| self.failed(error))?;
            self.open = Some(Open { connection, identity });
            self.files += 1;
        }
        Ok(Some(self.files))
    }

    fn failed(&self, error: Error) -> LedgerError {
        let path = self.path.clone();
        if is_busy(&error) {
            return LedgerError::Busy { path };
        }
        if is_damage(&error) {
            return LedgerError::Damaged { path, source: Arc::new(error) };
        }
        LedgerError::Unreadable { path, source: Arc::new(error) }
    }

    fn unopened(&self, error: io::Error) -> LedgerError {
        LedgerError::Open { path: self.path.clone(), source: Arc::new(error) }
    }
}

enum Asked<T> {
    Answer(T),
    /// Another process has only just made the file.
    NoTables,
    Newer(i64),
}

/// A newer build may bring the file up while it is open here.
fn ask<T>(
    connection: &mut Connection,
    question: impl Fn(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Asked<T>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    match schema::version(&transaction)? {
        0 => Ok(Asked::NoTables),
        found if found > schema::VERSION => Ok(Asked::Newer(found)),
        _ => question(&transaction).map(Asked::Answer),
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(&format!("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{CACHE};"))?;
    Ok(connection)
}
