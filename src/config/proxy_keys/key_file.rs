//! The file of a key: one line of visible characters, as `--api-key-file` takes it.

use std::path::{Path, PathBuf};

use crate::domain::text_encoding;
use crate::files::{self, Stamp};
use crate::secrets::Secret;

/// No file of a key is longer, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A file, and what is in it.
pub struct KeyFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it was just before it was read; `None` where there is none.
    pub stamp: Option<Stamp>,
    /// Its text, or why it has none.
    key: Result<Secret<String>, String>,
}

impl KeyFile {
    /// Reads it. Nothing is waited for.
    pub fn read(path: PathBuf) -> KeyFile {
        let stamp = Stamp::at(&path);
        let named = path.display();
        let key = match files::read(&path, LONGEST) {
            Err(error) => Err(format!("its key file `{named}` cannot be read: {error}")),
            Ok(bytes) if bytes.starts_with(text_encoding::MARK.as_bytes()) || text_encoding::is_wide(&bytes) => {
                Err(format!("its key file `{named}` begins with a byte order mark; write the key into it as ASCII"))
            }
            Ok(bytes) => Ok(Secret::new(String::from_utf8_lossy(&bytes).into_owned())),
        };
        let is_empty = key.as_ref().is_ok_and(|key| key.expose().trim().is_empty());
        let key = if is_empty { Err(format!("its key file `{named}` is empty")) } else { key };
        KeyFile { path, stamp, key }
    }

    /// What is in it.
    pub fn key(&self) -> Result<&str, String> {
        self.key.as_ref().map(|key| key.expose().as_str()).map_err(Clone::clone)
    }
}

/// The file that a text names: `~` is the home folder, and what is relative begins at the folder of the configuration.
pub fn place(text: &str, folder: &Path, home: Option<&Path>) -> Result<PathBuf, String> {
    if text.trim().is_empty() {
        return Err("its `key_file` names no file".to_owned());
    }
    match text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\'])) {
        Some(rest) => {
            let home = home.ok_or_else(|| "`~` stands for a home folder, and there is none here".to_owned())?;
            Ok(home.join(rest.trim_start_matches(['/', '\\'])))
        }
        None => Ok(folder.join(text)),
    }
}
