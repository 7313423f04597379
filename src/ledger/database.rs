//! The connection: opened at the first need, closed when the file is no longer the one at the path, and distinguished from
//! damage.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::{Connection, Error, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::emptying::is_damage;
use super::files;
use super::warnings::{Topic, Warnings};
use super::{LedgerError, schema};
use crate::clock::{self, Clock};
use crate::files::Identity;

/// How long SQLite waits for another process that writes. What cannot be written by then is tried again later: whoever asks
/// something meanwhile must not wait for it.
const PATIENCE: Duration = Duration::from_millis(50);
/// Opening for the first time changes the file's journal, which SQLite does not wait for in every case.
const OPENINGS: u32 = 10;
const OPENING: Duration = Duration::from_millis(100);
const BETWEEN_OPENINGS: Duration = Duration::from_millis(20);
/// So many transactions of ours, a megabyte or two of small ones, come between checkpoints.
const CHECKPOINT: u32 = 100;
/// Every statement there is stays prepared.
const STATEMENTS: usize = 64;

pub(super) struct Database {
    path: PathBuf,
    clock: Clock,
    warnings: Arc<Warnings>,
    /// Reading leaves a damaged file where it is.
    looks_on: Arc<AtomicBool>,
    open: Option<Open>,
}

struct Open {
    connection: Connection,
    identity: Identity,
    /// Of its tables; 0 as long as there are none.
    version: i64,
    /// Since the last checkpoint of ours.
    transactions: u32,
}

impl Open {
    /// Whether there is something to read. A file that another process has only just made has no tables yet.
    fn has_tables(&mut self) -> bool {
        if self.version == 0 {
            self.version = schema::version(&self.connection).unwrap_or_default();
        }
        self.version > 0
    }
}

/// Why something could not be done.
enum Trouble {
    /// The file is no ledger any more; with what it is when it could be opened far enough to know.
    Damaged(Identity, Error),
    Other(LedgerError),
}

impl Database {
    pub(super) fn new(path: PathBuf, clock: Clock, warnings: Arc<Warnings>, looks_on: Arc<AtomicBool>) -> Database {
        Database { path, clock, warnings, looks_on, open: None }
    }

    /// Does `work` in one transaction that no other process writes beside. Makes the file if need be. `work` runs again
    /// on a new file when the old one turns out to be damaged.
    pub(super) fn write<T>(
        &mut self,
        work: impl Fn(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        self.mended(|database| {
            let Some(open) = database.open(true)? else { return Err(Trouble::Other(database.missing())) };
            open.transactions += 1;
            let behavior = TransactionBehavior::Immediate;
            let result = if open.version < schema::VERSION {
                in_transaction(&mut open.connection, behavior, |transaction| {
                    Ok((schema::bring_up(transaction)?, work(transaction)?))
                })
                .map(|(version, done)| {
                    open.version = version;
                    done
                })
            } else {
                in_transaction(&mut open.connection, behavior, &work)
            };
            result.map_err(|error| database.trouble(error))
        })
    }

    /// Reads in one consistent look. Without a file there is nothing to read, and none is made.
    pub(super) fn read<T: Default>(
        &mut self,
        work: impl Fn(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let read = |database: &mut Database| {
            let Some(open) = database.open(false)? else { return Ok(T::default()) };
            if !open.has_tables() {
                return Ok(T::default());
            }
            let result =
                in_transaction(&mut open.connection, TransactionBehavior::Deferred, |transaction| work(transaction));
            result.map_err(|error| database.trouble(error))
        };
        if !self.looks_on.load(Ordering::Relaxed) {
            return self.mended(read);
        }
        read(self).map_err(|trouble| match trouble {
            Trouble::Damaged(_, error) => LedgerError::Damaged { path: self.path.clone(), source: Arc::new(error) },
            Trouble::Other(error) => error,
        })
    }

    /// Brings what was written from the log into the file, when it is time. That waits for the disk, and SQLite would do
    /// it within a commit that someone waits for.
    pub(super) fn checkpoint(&mut self) {
        if let Some(open) = self.open.as_mut().filter(|open| open.transactions >= CHECKPOINT) {
            open.transactions = 0;
            // Where it fails the next one will do.
            let _ = open.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
    }

    /// Closes the connection; the next need opens it again.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Runs `work`, and again with a new file once a damaged one is out of the way.
    fn mended<T>(&mut self, work: impl Fn(&mut Database) -> Result<T, Trouble>) -> Result<T, LedgerError> {
        let again = match work(self) {
            Err(Trouble::Damaged(seen, _)) => {
                self.set_aside(seen)?;
                work(self)
            }
            done => done,
        };
        again.map_err(|trouble| match trouble {
            Trouble::Damaged(_, error) => self.failed(error),
            Trouble::Other(error) => error,
        })
    }

    fn set_aside(&mut self, seen: Identity) -> Result<(), LedgerError> {
        self.open = None;
        let moved = files::set_aside(&self.path, seen, self.clock.now().as_millis());
        let Some(aside) = moved.map_err(|error| self.unopened(error))? else { return Ok(()) };
        self.warnings.report(Topic::Damaged, || {
            format!(
                "the ledger `{}` is damaged; it is kept as `{}` and a new one is started, so earlier usage no longer counts towards any limit",
                self.path.display(),
                aside.display()
            )
        });
        Ok(())
    }

    /// The connection to the file that is at the path now; `None` when there is none and none may be made.
    fn open(&mut self, may_make: bool) -> Result<Option<&mut Open>, Trouble> {
        let unopened = |database: &Database, error| Trouble::Other(database.unopened(error));
        let mut seen = files::identity(&self.path).map_err(|error| unopened(self, error))?;
        if self.open.as_ref().is_some_and(|open| Some(open.identity) != seen) {
            self.open = None;
        }
        if self.open.is_none() {
            if seen.is_none() && may_make {
                files::make(&self.path).map_err(|error| unopened(self, error))?;
                seen = files::identity(&self.path).map_err(|error| unopened(self, error))?;
            }
            let Some(identity) = seen else { return Ok(None) };
            crate::files::close_to_others(&self.path).map_err(|error| unopened(self, error))?;
            let (connection, version) = self.connect(identity)?;
            self.open = Some(Open { connection, identity, version, transactions: 0 });
        }
        Ok(self.open.as_mut())
    }

    fn connect(&self, identity: Identity) -> Result<(Connection, i64), Trouble> {
        let unopened = |error| Trouble::Other(self.unopened(error));
        let path = files::resolved(&self.path).map_err(unopened)?;
        let (mut opening, began) = (1, clock::instant());
        let (connection, found) = loop {
            let may_wait = opening < OPENINGS && clock::instant().duration_since(began) < OPENING;
            // Until it is open nobody sets it aside.
            let in_place = files::keep_in_place(&self.path, identity).map_err(unopened)?;
            let connected = in_place.map(|_lock| connect(&path));
            match connected {
                Some(Ok(connected)) => break connected,
                Some(Err(error)) if is_damage(&error) => return Err(Trouble::Damaged(identity, error)),
                Some(Err(error)) if !is_busy(&error) => return Err(Trouble::Other(self.failed(error))),
                Some(Err(_)) | None if may_wait => std::thread::sleep(BETWEEN_OPENINGS),
                Some(Err(_)) | None => return Err(Trouble::Other(LedgerError::Busy { path: self.path.clone() })),
            }
            opening += 1;
        };
        if found > schema::VERSION {
            let path = self.path.clone();
            return Err(Trouble::Other(LedgerError::Newer { path, found, known: schema::VERSION }));
        }
        Ok((connection, found))
    }

    /// Tells what `error` means. After any but a busy file the connection is not trusted any more.
    fn trouble(&mut self, error: Error) -> Trouble {
        if is_busy(&error) {
            return Trouble::Other(self.failed(error));
        }
        match self.open.take() {
            Some(open) if is_damage(&error) => Trouble::Damaged(open.identity, error),
            _ => Trouble::Other(self.failed(error)),
        }
    }

    fn failed(&self, error: Error) -> LedgerError {
        let path = self.path.clone();
        if is_busy(&error) {
            return LedgerError::Busy { path };
        }
        LedgerError::Database { path, source: Arc::new(error) }
    }

    fn unopened(&self, error: io::Error) -> LedgerError {
        LedgerError::Open { path: self.path.clone(), source: Arc::new(error) }
    }

    fn missing(&self) -> LedgerError {
        self.unopened(io::Error::from(io::ErrorKind::NotFound))
    }
}

/// Opens the file and says its version; a newer one is not touched.
fn connect(path: &Path) -> rusqlite::Result<(Connection, i64)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let version = schema::version(&connection)?;
    if version > schema::VERSION {
        return Ok((connection, version));
    }
    // Readers and the writer do not wait for each other, and a commit waits for no disk: what a crash of the machine
    // may take is the last moments, never the whole.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch(
        "PRAGMA synchronous = NORMAL;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -2048;",
    )?;
    // The log stays small; a checkpoint within a commit is what remains for a process that never makes its own.
    connection.query_row("PRAGMA journal_size_limit = 4194304", [], |_| Ok(()))?;
    connection.query_row("PRAGMA wal_autocheckpoint = 4000", [], |_| Ok(()))?;
    Ok((connection, version))
}

fn in_transaction<T>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    work: impl Fn(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(behavior)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

pub(super) fn is_busy(error: &Error) -> bool {
    use ErrorCode::{DatabaseBusy, DatabaseLocked, FileLockingProtocolFailed};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked | FileLockingProtocolFailed))
}
