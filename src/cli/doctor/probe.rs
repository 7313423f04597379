//! Facts of the system about files and folders. The product's own files are neither opened nor changed.
#![expect(clippy::disallowed_methods, reason = "files are looked at here, read only")]

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::text_encoding;
use crate::files;
pub use crate::files::is_same_file;
use crate::sys;
pub use crate::sys::files::{closing, file_system as magic, others, user, writable};

/// What one `stat` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Whether it is a regular file: no folder, pipe, socket or device.
    pub is_file: bool,
    /// The owner; `None` where files have none that is a number.
    pub owner: Option<u32>,
    /// The mode's last nine bits; `None` where there are none.
    pub mode: Option<u32>,
    /// How many names the file has.
    pub names: u64,
}

/// What is at `path`, links followed; `None` when nothing is.
pub fn stat(path: &Path) -> io::Result<Option<Stat>> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some(of(path, &metadata))),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

fn of(path: &Path, metadata: &std::fs::Metadata) -> Stat {
    Stat {
        is_folder: metadata.is_dir(),
        is_file: metadata.is_file(),
        owner: sys::files::owner(metadata),
        mode: sys::files::mode(metadata).map(|mode| mode & 0o777),
        names: sys::files::names(path, metadata),
    }
}

/// `path` with every link resolved, or as it is where that is not possible.
pub fn real(path: &Path) -> PathBuf {
    files::canonical(path).unwrap_or_else(|_| path.to_owned())
}

/// The names in `folder`; none when it cannot be listed.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names = files::names(folder).unwrap_or_default();
    names.sort();
    names
}

/// A user as people call it: by name where the system has one.
pub fn user_name(id: u32) -> Option<String> {
    name_in(&text(Path::new("/etc/passwd")), id)
}

fn name_in(table: &str, id: u32) -> Option<String> {
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}

/// The mounts of this process as Linux lists them; empty elsewhere.
pub fn mounts() -> String {
    text(Path::new("/proc/self/mountinfo"))
}

/// No configuration of another program is longer.
const LONGEST: u64 = 1024 * 1024;

/// The text of another program's file; `None` when there is none. A pipe in its place is refused, not waited for.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    match files::read(path, LONGEST) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&text_encoding::utf8(&bytes)).into_owned())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A table of the system's, which is never long.
fn text(path: &Path) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_called_by_the_name_in_the_table() {
        let table = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\nbroken\n";
        for (id, expected) in [(0, Some("root")), (65_534, Some("nobody")), (1_000, None)] {
            assert_eq!(name_in(table, id).as_deref(), expected);
        }
    }
}
