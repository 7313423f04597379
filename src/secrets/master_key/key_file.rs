//! The files that hold a key: their names, and reading and writing one.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::domain::text_encoding;
use crate::files;

/// No passphrase is longer than this, in bytes.
pub(super) const MAX_KEY_BYTES: u64 = 64 * 1024;

pub(super) fn key_file(folder: &Path) -> PathBuf {
    folder.join("master.key")
}

/// The keys beside the key file in `data_dir`, `master.key.<key id>`, in the order of their names.
pub fn other_key_files(data_dir: &Path) -> Vec<PathBuf> {
    let names = files::names(data_dir).unwrap_or_default().into_iter();
    let names = names.filter(|name| name.strip_prefix("master.key.").is_some_and(is_key_id));
    let mut paths: Vec<PathBuf> = names.map(|name| data_dir.join(name)).collect();
    paths.sort();
    paths
}

/// Writes a new key file, readable by its owner alone; on the disk when this returns, but for its name.
pub(super) fn write_key(path: &Path, key: &str) -> io::Result<()> {
    files::write_new(path, Zeroizing::new(format!("{key}\n")).as_bytes())
}

/// Makes the name `path` durable.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), files::sync_folder)
}

/// Whether `text` is a key id of ours; another one must not become part of a path.
pub(super) fn is_key_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The text of a key file. The device that stands for no file has none.
pub(super) fn read_key(path: &Path) -> io::Result<Zeroizing<String>> {
    if files::is_null(path) {
        return Ok(Zeroizing::default());
    }
    let bytes = Zeroizing::new(files::read(path, MAX_KEY_BYTES)?);
    // A person may have written it with a shell of Windows.
    let bytes = Zeroizing::new(text_encoding::utf8(&bytes).into_owned());
    let text = std::str::from_utf8(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(Zeroizing::new(text.to_owned()))
}
