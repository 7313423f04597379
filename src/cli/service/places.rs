//! What `service install` writes, and what it remembers of it: the other commands and `doctor` read it here.

use std::io::ErrorKind as IoErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::proxy_keys::key_file::{self, NoKey};
use crate::error::{Error, ErrorKind};
use crate::files;
use crate::secrets::Secret;
use crate::sys;

/// No file of these is longer, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The files of the service in the data folder, each its owner's alone.
#[derive(Clone, Debug)]
pub struct Places {
    /// The key that the proxy requires.
    pub key: PathBuf,
    /// The variables of the proxy.
    pub variables: PathBuf,
    /// The task for Windows' Task Scheduler, which keeps a copy of its own.
    pub task: PathBuf,
    record: PathBuf,
}

/// What was installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The program that is started.
    pub program: PathBuf,
    /// The port of `127.0.0.1` that it listens on.
    pub port: u16,
    /// The unit, agent or task.
    pub unit: PathBuf,
    /// The file with its key.
    pub key_file: PathBuf,
}

impl Record {
    /// The base URL for programs that speak OpenAI's API.
    pub fn base_url(&self) -> String {
        base_url(self.port)
    }
}

/// The base URL of a proxy on this port.
pub fn base_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/v1")
}

impl Places {
    /// Those below `data`, the data folder.
    pub fn below(data: &Path) -> Places {
        // A unit names them, and it is started in another folder.
        let data = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
        let at = |name: &str| data.join(name);
        Places {
            key: at("service.key"),
            variables: at("service.env"),
            task: at("service.xml"),
            record: at("service.json"),
        }
    }

    /// What was installed; `None` when nothing is.
    ///
    /// # Errors
    ///
    /// `Configuration` when the record cannot be read.
    pub fn installed(&self) -> Result<Option<Record>, Error> {
        let Some(bytes) =
            files::read_if_there(&self.record, LONGEST).map_err(|error| unreadable(&self.record, error))?
        else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| unreadable(&self.record, error))
    }

    /// Remembers what was installed.
    ///
    /// # Errors
    ///
    /// `Configuration` when it cannot be written.
    pub fn remember(&self, record: &Record) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(record).expect("a record is text and a number") + "\n";
        write(&self.record, text.as_bytes())
    }

    /// Forgets it, and removes the files that only the proxy needs.
    ///
    /// # Errors
    ///
    /// `Configuration` when a file cannot be removed.
    pub fn forget(&self) -> Result<(), Error> {
        for path in [&self.key, &self.variables, &self.task, &self.record] {
            remove(path)?;
        }
        Ok(())
    }
}

/// The key in the file at `path`: one line of visible characters.
///
/// # Errors
///
/// `Configuration` when there is no such file, it cannot be read, or it holds something else.
pub fn read_key(path: &Path) -> Result<Secret<String>, Error> {
    let name = path.display();
    key_file::read(path).map_err(|why| match why {
        NoKey::Unreadable(error) => {
            let missing = error.kind() == IoErrorKind::NotFound;
            let hint = if missing { "check the path" } else { "check that it is a file of yours, and its mode" };
            Error::because(ErrorKind::Configuration, format!("the key file `{name}` cannot be read"), error).hint(hint)
        }
        NoKey::Marked => Error::new(ErrorKind::Configuration, format!("`{name}` begins with a byte order mark"))
            .hint("write the key into it as ASCII: in PowerShell by `Set-Content -Encoding ascii`"),
        NoKey::Empty | NoKey::NotAWord => Error::new(ErrorKind::Configuration, format!("`{name}` holds no key"))
            .hint("write the key into it as one line without spaces"),
    })
}

/// Whether other users can read the file at `path`; `false` where that cannot be found out.
pub fn is_open_to_others(path: &Path) -> bool {
    let mode = files::stat(path).ok().flatten().and_then(|found| sys::files::mode(&found));
    let others = || sys::files::others(path).ok().flatten().is_some_and(|others| !others.is_empty());
    mode.map_or_else(others, |mode| mode & 0o077 != 0)
}

/// The command that closes the file at `path` to other users.
pub fn closing(path: &Path) -> String {
    let quoted = || path.display().to_string().replace('\'', r"'\''");
    sys::files::closing(path).unwrap_or_else(|| format!("chmod 600 '{}'", quoted()))
}

/// Puts a file of ours in place, its owner's alone.
///
/// # Errors
///
/// `Configuration` when it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |error| {
        Error::because(ErrorKind::Configuration, format!("`{}` cannot be written", path.display()), error)
            .hint("check the folder's owner and mode, and the disk")
    };
    files::make_folder(path.parent().unwrap_or(path)).map_err(failed)?;
    let next = files::with_suffix(path, ".next");
    files::replace(&files::Replacement { path, next: &next, kept_mode: 0o600 }, bytes).map_err(failed)
}

/// Removes a file of ours.
///
/// # Errors
///
/// `Configuration` when it cannot be removed.
pub fn remove(path: &Path) -> Result<(), Error> {
    files::remove(path).map_err(|error| {
        Error::because(ErrorKind::Configuration, format!("`{}` cannot be removed", path.display()), error)
            .hint("remove it yourself")
    })
}

fn unreadable(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::because(ErrorKind::Configuration, format!("`{}` cannot be read", path.display()), error)
        .hint("`codex-account-manager service install` writes it again when it is removed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_installed_is_remembered_in_files_of_the_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let places = Places::below(&home.path().join("data"));
        assert_eq!(places.installed().unwrap(), None);
        let record = Record { program: "/opt/cam".into(), port: 8459, unit: "/u".into(), key_file: places.key.clone() };
        places.remember(&record).unwrap();
        write(&places.key, b"secret\n").unwrap();
        assert_eq!(places.installed().unwrap(), Some(record.clone()));
        assert_eq!(record.base_url(), "http://127.0.0.1:8459/v1");
        assert_eq!(read_key(&places.key).unwrap().expose(), "secret");
        assert!(!is_open_to_others(&places.key) && !is_open_to_others(&home.path().join("data/service.json")));
        places.forget().unwrap();
        assert_eq!(places.installed().unwrap(), None);
        assert_eq!(files::names(&home.path().join("data")).unwrap(), Vec::<String>::new());
        for marked in [&b"\xef\xbb\xbfsecret"[..], b"\xff\xfes\0e\0"] {
            write(&places.key, marked).unwrap();
            assert!(read_key(&places.key).unwrap_err().message.contains("byte order mark"));
        }
        write(&places.key, b"two words").unwrap();
        assert!(read_key(&places.key).unwrap_err().message.contains("holds no key"));
    }
}
