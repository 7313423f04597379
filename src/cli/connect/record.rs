//! What `connect` has done, so that it can be taken back exactly: kept in the data folder, since a program's own configuration
//! has no place for it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::edit::{Done, Format};
use crate::cli::service::places::write;
use crate::error::{Error, ErrorKind};
use crate::files;

/// No record is longer, in bytes.
const LONGEST: u64 = 4 * 1024 * 1024;

/// What was done to one program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The port that it was pointed at.
    pub port: u16,
    /// The file with the key that it sends.
    pub key_file: PathBuf,
    /// The files that were changed.
    pub files: Vec<Changed>,
}

/// What was done to one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// The file.
    pub path: PathBuf,
    /// How it is written.
    pub format: Format,
    /// The copy of what was there; none where there was no file.
    pub backup: Option<PathBuf>,
    /// Whether the key itself stands in it.
    pub holds_key: bool,
    /// The changes, in their order.
    pub changes: Vec<Done>,
}

/// The record of all programs.
#[derive(Clone, Debug)]
pub struct Record {
    path: PathBuf,
    /// By the program's name.
    pub programs: BTreeMap<String, Connection>,
}

impl Record {
    /// The record in `data`, the data folder.
    ///
    /// # Errors
    ///
    /// `Configuration` when it cannot be read: to write another would lose what undoes.
    pub fn read(data: &Path) -> Result<Record, Error> {
        let path = data.join("connections.json");
        let failed = |why: String| {
            Error::new(ErrorKind::Configuration, format!("`{}` cannot be read: {why}", path.display()))
                .hint("move it away; what was connected before then has only its backups, `….cam-backup-…`")
        };
        let bytes = files::read_if_there(&path, LONGEST).map_err(|error| failed(error.to_string()))?;
        let programs = match bytes {
            None => BTreeMap::new(),
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?,
        };
        Ok(Record { path, programs })
    }

    /// Notes what is done to `program` now, nothing if it is `None`, in a file that is its owner's alone. What other processes
    /// have noted of other programs meanwhile stays.
    ///
    /// # Errors
    ///
    /// `Conflict` when another process has noted something else of this program; `Configuration` when it cannot be written.
    pub fn note(&mut self, program: &str, connection: Option<Connection>) -> Result<(), Error> {
        let data = self.path.parent().unwrap_or(Path::new("/"));
        let _lock = lock(data)?;
        let mut record = Record::read(data)?;
        if record.programs.get(program) != self.programs.get(program) {
            let message = format!("another process connects {program}, or takes that back");
            return Err(Error::new(ErrorKind::Conflict, message).hint("run the command again"));
        }
        match connection {
            Some(connection) => record.programs.insert(program.to_owned(), connection),
            None => record.programs.remove(program),
        };
        let text = serde_json::to_string_pretty(&record.programs).expect("a record has names and values") + "\n";
        write(&record.path, text.as_bytes())?;
        *self = record;
        Ok(())
    }
}

/// Keeps other processes from the record in `data` while it is read and written again.
fn lock(data: &Path) -> Result<File, Error> {
    let path = data.join("connections.lock");
    let locked = files::make_folder(data).and_then(|()| {
        let file = files::open_lock(&path)?;
        files::lock::wait(&file)?;
        Ok(file)
    });
    locked.map_err(|error| {
        Error::because(ErrorKind::Configuration, format!("`{}` cannot be locked", path.display()), error)
            .hint("check the folder's owner and mode, and the disk")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_at_once_keep_what_the_others_note() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        let of = |port| Connection { port, key_file: "/k".into(), files: Vec::new() };
        let (mut one, mut other) = (Record::read(&data).unwrap(), Record::read(&data).unwrap());
        let mut late = other.clone();
        one.note("codex", Some(of(1))).unwrap();
        other.note("zed", Some(of(2))).unwrap();
        assert_eq!(Record::read(&data).unwrap().programs.keys().collect::<Vec<_>>(), ["codex", "zed"]);
        assert_eq!(late.note("codex", Some(of(3))).unwrap_err().kind, ErrorKind::Conflict);
        one.note("codex", None).unwrap();
        assert_eq!(Record::read(&data).unwrap().programs, [("zed".to_owned(), of(2))].into());
    }
}
