//! What `connect` has done, so that it can be taken back exactly: kept in the data folder, since a program's own configuration
//! has no place for it.

use std::collections::BTreeMap;
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

    /// Writes it, its owner's alone.
    ///
    /// # Errors
    ///
    /// `Configuration` when it cannot be written.
    pub fn write(&self) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(&self.programs).expect("a record has names and values") + "\n";
        write(&self.path, text.as_bytes())
    }
}
