//! Opening a file that another hand put there without ever waiting for it: a pipe waits for its writer, a device may have no
//! end, and whoever opens one by mistake gets an error that names it.
#![expect(clippy::disallowed_methods, reason = "this file opens what others name")]

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use crate::sys;
pub use crate::sys::files::{is_null, is_program};

/// What stands in the place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is {0}, not a file")]
pub struct NotAFile(pub &'static str);

/// It is longer than what may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is larger than {}", size(*.0))]
pub struct TooLarge(pub u64);

/// Opens the regular file at `path` for reading, links followed.
///
/// # Errors
///
/// The system's, or one of [`NotAFile`].
pub fn open(path: &Path) -> io::Result<File> {
    // Asked before it is opened: opening a device may do something, and a socket cannot be opened at all.
    refuse(sys::files::while_opening(|| fs::metadata(path))?.file_type())?;
    let file = sys::files::while_opening(|| sys::files::without_waiting(OpenOptions::new().read(true)).open(path))?;
    // Something else may have taken its place meanwhile.
    refuse(file.metadata()?.file_type())?;
    Ok(file)
}

/// The content of the regular file at `path`, `most` bytes at the most.
///
/// # Errors
///
/// Those of [`open`], or one of [`TooLarge`].
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    bounded(&open(path)?, most)
}

/// The same; `None` when there is no file.
///
/// # Errors
///
/// Those of [`read`], but for that one.
pub fn read_if_there(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    match read(path, most) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// What is left of `file`, `most` bytes at the most. It is never moved while it is read, so that a secret leaves no copy behind.
///
/// # Errors
///
/// The system's, or one of [`TooLarge`].
pub fn bounded(file: &File, most: u64) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    if length > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, TooLarge(most)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, TooLarge(most)));
    }
    Ok(bytes)
}

fn refuse(kind: FileType) -> io::Result<()> {
    if kind.is_file() { Ok(()) } else { Err(io::Error::other(NotAFile(word(kind)))) }
}

/// What a thing of this type is called.
fn word(kind: FileType) -> &'static str {
    match (kind.is_dir(), kind.is_file()) {
        (true, _) => "a folder",
        (_, true) => "a file",
        _ => sys::files::special(kind).unwrap_or("something else"),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1024 * 1024) => format!("{} MiB", bytes / (1024 * 1024)),
        _ => format!("{} KiB", bytes / 1024),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_file_is_opened_and_nothing_is_waited_for() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("file"), "text").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        super::super::tests::make_pipe(&at("pipe"));
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        for (name, expected) in [
            ("file", Ok("text")),
            ("link", Ok("text")),
            ("pipe", Err("it is a pipe, not a file")),
            ("socket", Err("it is a socket, not a file")),
            ("folder", Err("it is a folder, not a file")),
            ("/dev/zero", Err("it is a device, not a file")),
            ("/dev/null", Err("it is a device, not a file")),
        ] {
            let read = read(&at(name), 4).map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(read.as_deref().map_err(ToString::to_string), expected.map_err(str::to_owned), "{name}");
        }
        assert_eq!(read(&at("file"), 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(&at("gone"), 3).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(TooLarge(64 * 1024).to_string(), "it is larger than 64 KiB");
        assert!(is_null(Path::new("/dev/null")) && !is_null(&at("file")));
    }
}
