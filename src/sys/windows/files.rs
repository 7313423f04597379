//! Files: what there is instead of owners, modes and identities. A file is as private as the folder that it is in.

use std::fs::{DirBuilder, File, FileType, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// The device that stands for no file.
pub const NULL: &str = "NUL";

/// Whether variables of XDG move the folders of programs.
pub const HAS_XDG_FOLDERS: bool = false;

/// Which file it is; not known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity;

/// As the folder says.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Nothing waits when it is opened.
pub fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Nothing waits when it is opened.
pub fn without_waiting_or_links(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// As the folder above says.
pub fn private_folders() -> DirBuilder {
    DirBuilder::new()
}

/// There are no modes.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub fn restrict(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// There are no modes.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub fn restrict_file(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

/// There are no modes.
pub fn mode(_: &Metadata) -> Option<u32> {
    None
}

/// A user has no number.
pub fn owner(_: &Metadata) -> Option<u32> {
    None
}

/// A user has no number.
pub fn user() -> Option<u32> {
    None
}

/// Other names are not counted.
pub fn names(_: &Metadata) -> u64 {
    1
}

/// Not known.
pub fn identity(_: &Metadata) -> Option<Identity> {
    None
}

/// When the file was made, since 1970: the time of its last change is that of its content.
pub fn changed(metadata: &Metadata) -> Duration {
    let made = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    made.unwrap_or_default()
}

/// Whether a file is there: its name says whether it is a program.
pub fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Whether `path` is the device that stands for no file.
pub fn is_null(path: &Path) -> bool {
    path == Path::new(NULL)
}

/// A pipe has a name of its own kind here, which is no path of a file.
pub fn is_pipe(_: FileType) -> bool {
    false
}

/// There is nothing else in a folder.
pub fn special(_: FileType) -> Option<&'static str> {
    None
}

/// Not known before it is tried.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub fn writable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A folder cannot be opened as a file.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub fn open_folder(_: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

/// Waits until what was written to `file` is on the disk.
pub fn sync(file: &File) -> io::Result<()> {
    file.sync_all()
}

/// There is no such call.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// As it is: a resolved path has a form that not every program takes.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub fn without_links(folder: &Path) -> io::Result<PathBuf> {
    Ok(folder.to_owned())
}

/// Making one takes a privilege.
pub fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "not on this system"))
}

/// There is no such call.
pub fn exchange(_: &Path, _: &Path) -> Option<io::Result<()>> {
    None
}

/// It has no number.
pub fn file_system(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test looks at a folder of its own")]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let home = tempfile::tempdir().unwrap();
        let metadata = std::fs::metadata(home.path()).unwrap();
        assert_eq!((mode(&metadata), owner(&metadata), identity(&metadata)), (None, user(), None));
        assert!(open_folder(home.path()).unwrap().is_none());
        assert!(is_null(Path::new("NUL")) && !is_null(home.path()));
        assert!(link(home.path(), &home.path().join("link")).is_err());
    }
}
