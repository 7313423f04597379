//! The file of a key: one line of visible characters, as `--api-key-file` takes it.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::text_encoding;
use crate::files::{self, Stamp};
use crate::secrets::{Secret, is_word};

/// No file of a key is longer, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Why a file holds no key.
#[derive(Debug)]
pub enum NoKey {
    /// It cannot be read.
    Unreadable(io::Error),
    /// A mark says how it is written, which programs that read the key themselves would send with it.
    Marked,
    /// There is nothing in it.
    Empty,
    /// It is not one word of visible ASCII characters.
    NotAWord,
}

/// The key in the file at `path`. Nothing is waited for.
///
/// # Errors
///
/// [`NoKey`]
pub fn read(path: &Path) -> Result<Secret<String>, NoKey> {
    let bytes = files::read(path, LONGEST).map_err(NoKey::Unreadable)?;
    if bytes.starts_with(text_encoding::MARK.as_bytes()) || text_encoding::is_wide(&bytes) {
        return Err(NoKey::Marked);
    }
    let text = Secret::new(String::from_utf8_lossy(&bytes).into_owned());
    match text.expose().trim() {
        "" => Err(NoKey::Empty),
        key if is_word(key) => Ok(Secret::new(key.to_owned())),
        _ => Err(NoKey::NotAWord),
    }
}

/// What is said of a key that no header can carry.
pub(super) const NOT_A_WORD: &str = "its key is not one word of visible ASCII characters";

/// Whether that is how shells and other tools write a variable, in the place of which nothing is put here: others could guess it.
pub(super) fn is_variable(key: &str) -> bool {
    let is_name =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    key.strip_prefix('$').is_some_and(|rest| rest.starts_with('{') || is_name(rest))
        || key.starts_with("{env:")
        || key.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')).is_some_and(is_name)
}

/// A file of an entry, and what is in it.
pub struct KeyFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it was just before it was read; `None` where there is none.
    pub stamp: Option<Stamp>,
    /// Its key, or why it has none.
    key: Result<Secret<String>, String>,
}

impl KeyFile {
    /// Reads it. Nothing is waited for.
    pub fn read(path: PathBuf) -> KeyFile {
        let stamp = Stamp::at(&path);
        let key = read(&path).map_err(|why| match why {
            NoKey::Unreadable(error) if error.kind() == io::ErrorKind::NotFound => format!(
                "its key file `{}` is not there; make it, with one line that nobody can guess: `openssl rand -hex 24` prints one",
                path.display()
            ),
            NoKey::Unreadable(error) => format!("its key file `{}` cannot be read: {error}", path.display()),
            NoKey::Marked => format!(
                "its key file `{}` begins with a byte order mark; write the key into it as ASCII",
                path.display()
            ),
            NoKey::Empty => format!("its key file `{}` is empty", path.display()),
            NoKey::NotAWord => NOT_A_WORD.to_owned(),
        });
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
