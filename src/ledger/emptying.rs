//! Emptying a damaged file in its place, for where it cannot be moved: Windows moves no file that SQLite has open, and other
//! processes may have it open for as long as they like. SQLite itself empties it under its own locks, so that they go on with it.

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

use super::schema;

/// How long a process that has the file locked is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the error says that the file is no ledger any more.
pub(super) fn is_damage(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

/// Whether the file is damaged still: another process may have emptied it meanwhile.
///
/// # Errors
///
/// Why that is not known. Nothing may be emptied then.
pub(super) fn is_damaged(path: &Path) -> io::Result<bool> {
    let is_sound = || -> rusqlite::Result<bool> {
        let connection = open(path)?;
        schema::version(&connection)?;
        connection.query_row("PRAGMA integrity_check(1)", [], |row| Ok(row.get::<_, String>(0)? == "ok"))
    };
    match is_sound() {
        Err(error) if is_damage(&error) => Ok(true),
        is_sound => is_sound.map(|is_sound| !is_sound).map_err(io::Error::other),
    }
}

/// Empties the file. Where not even its head can be read, that fails as long as others have it open; those that use it meet the
/// damage and close it.
pub(super) fn empty(path: &Path) -> io::Result<()> {
    let emptied = || -> rusqlite::Result<()> {
        let connection = open(path)?;
        // The journal stays what it is if it was read before, and then nobody needs to let go of the file. What the schema says
        // is of no interest: https://www.sqlite.org/c3ref/c_dbconfig_defensive.html
        let _ = connection.prepare("SELECT count(*) FROM sqlite_schema");
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, true)?;
        connection.execute_batch("VACUUM")?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, false).map(drop)
    };
    emptied().map_err(io::Error::other)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests damage files of their own")]
mod tests {
    use std::fs;

    use super::*;

    /// A file of several pages in the journal mode of the ledger, and a process that has it open.
    fn opened(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
        connection.execute_batch("CREATE TABLE x (y); INSERT INTO x VALUES (zeroblob(20000))").unwrap();
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        connection
    }

    fn damage(path: &Path, from: usize) {
        let mut bytes = fs::read(path).unwrap();
        bytes[from..].fill(0xA5);
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn a_damaged_file_is_emptied_while_others_have_it_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let sibling = opened(&path);
        assert!(!is_damaged(&path).unwrap());
        damage(&path, 4_096);
        assert!(is_damaged(&path).unwrap());
        empty(&path).unwrap();
        assert!(!is_damaged(&path).unwrap());
        // It sees an empty file, and works with that.
        assert!(sibling.execute("INSERT INTO x VALUES (1)", []).is_err());
        sibling.execute_batch("CREATE TABLE z (y); INSERT INTO z VALUES (1)").unwrap();
        let other = Connection::open(&path).unwrap();
        assert_eq!(other.query_row("SELECT y FROM z", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    }

    #[test]
    fn a_file_without_a_head_is_emptied_when_nobody_has_it_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        drop(opened(&path));
        damage(&path, 0);
        assert!(is_damaged(&path).unwrap());
        empty(&path).unwrap();
        assert!(!is_damaged(&path).unwrap());
    }
}
