//! Files and folders that are their owner's alone.
#![expect(clippy::disallowed_methods, reason = "this room wraps the file system")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use super::regular;
use crate::sys;

pub use crate::sys::files::restrict;

/// What is wrong with a folder of somebody else.
pub const ANOTHER_USER: &str = "belongs to another user";

/// The mode of a file of ours.
const FILE: u32 = 0o600;
/// The mode of a folder of ours.
const FOLDER: u32 = 0o700;

/// Makes `folder` and those above it that are missing, 0700 under any umask. Folders that are there stay as they are.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folder(parent)?;
    }
    match sys::files::create_private_folder(folder) {
        Ok(()) => restrict(folder, FOLDER),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Why `folder` must not hold our locks, if it must not. A folder of ours that others may enter is closed to them.
pub fn own_folder_problem(folder: &Path) -> io::Result<Option<&'static str>> {
    let metadata = fs::symlink_metadata(folder)?;
    if !metadata.is_dir() {
        return Ok(Some("is not a folder"));
    }
    if !is_ours(&metadata) {
        return Ok(Some(ANOTHER_USER));
    }
    if sys::files::mode(&metadata).is_none_or(|mode| mode & 0o077 != 0) {
        restrict(folder, FOLDER)?;
    }
    Ok(None)
}

/// Whether `folder` is there and nobody else's: ours, and not one that everybody may write to.
pub fn is_own_folder(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|metadata| {
        metadata.is_dir() && is_ours(&metadata) && sys::files::mode(&metadata).is_none_or(|mode| mode & 0o002 == 0)
    })
}

/// Whether `folder` is ours or can be made, as far as a look at it and those above it says.
pub fn can_be_made(folder: &Path) -> bool {
    let mut above = folder.ancestors().filter(|above| !above.as_os_str().is_empty());
    let Some(found) = above.find(|above| above.exists()) else { return false };
    sys::files::writable(found).is_ok() && found.is_dir() && (found != folder || is_own_folder(folder))
}

fn is_ours(metadata: &fs::Metadata) -> bool {
    sys::files::owner(metadata) == sys::files::user()
}

/// Makes a new file, 0600, that was not there before. A umask may take the owner's own bits away; they are given back.
pub fn create_new(path: &Path) -> io::Result<File> {
    let file = sys::files::create_private(path)?;
    sys::files::restrict_file(&file, FILE)?;
    Ok(file)
}

/// Opens a lock file, 0600, making it if need be; its content stays.
pub fn open_lock(path: &Path) -> io::Result<File> {
    let file = sys::files::open_or_create_private(path)?;
    sys::files::restrict_file(&file, FILE)?;
    Ok(file)
}

/// Opens a file that is there and no link.
pub fn open_own(path: &Path) -> io::Result<File> {
    let open = || sys::files::private(OpenOptions::new().read(true).write(true)).open(path);
    sys::files::while_opening(open).and_then(no_link)
}

/// Opens a file that is there and no link, to ask who holds it. A pipe in its place does not stop the process.
pub fn open_to_ask(path: &Path) -> io::Result<File> {
    let open = || sys::files::without_waiting_or_links(OpenOptions::new().read(true)).open(path);
    sys::files::while_opening(open).and_then(no_link)
}

/// Some systems open a link itself where none is to be followed.
fn no_link(file: File) -> io::Result<File> {
    if file.metadata()?.is_symlink() { Err(io::Error::other("it is a link")) } else { Ok(file) }
}

/// The content of a file that is no link and nobody else's, `most` bytes at the most; `None` when there is none.
pub fn read_own(path: &Path, most: u64) -> Option<Vec<u8>> {
    let metadata = fs::symlink_metadata(path).ok()?;
    if is_ours(&metadata) && metadata.is_file() { regular::read(path, most).ok() } else { None }
}

/// Takes the modes of everyone else from a file of ours that was put there by hand, and gives the owner's back.
pub fn close_to_others(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_file() && is_ours(&metadata) { restrict(path, FILE) } else { Ok(()) }
}

/// Writes a new file, 0600, and waits until it is on the disk. What cannot be finished is removed.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_new(path)?;
    let written = file.write_all(bytes).and_then(|()| sys::files::sync(&file));
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

/// Makes `copy` another name of `path`, or a copy where links are refused, readable by its owner alone.
pub fn link(path: &Path, copy: &Path) -> io::Result<()> {
    if fs::hard_link(path, copy).is_ok() {
        return restrict(copy, FILE);
    }
    let mut source = regular::open(path)?;
    let mut target = create_new(copy)?;
    io::copy(&mut source, &mut target).map(drop)
}

/// Whether `name` is itself, not by a symbolic link, another name of the file at `path`. `false` where that is not known.
pub fn is_same_file(name: &Path, path: &Path) -> bool {
    let (Ok(of_name), Ok(of_file)) = (fs::symlink_metadata(name), fs::metadata(path)) else { return false };
    let identities = (sys::files::identity(name, &of_name), sys::files::identity(path, &of_file));
    matches!(identities, (Ok(name), Ok(file)) if name == file)
}

/// Whether `file` is still what `path` names.
pub fn is_at(file: &File, path: &Path) -> bool {
    let named = fs::metadata(path).and_then(|metadata| sys::files::identity(path, &metadata));
    matches!((sys::files::identity_of(file), named), (Ok(ours), Ok(named)) if ours == named)
}

/// Whether the file at `path` has a name besides this one and those in `own`.
pub fn has_other_names(path: &Path, own: &[&Path]) -> bool {
    let Ok(file) = fs::metadata(path) else { return false };
    let known = 1 + own.iter().filter(|name| is_same_file(name, path)).count();
    usize::try_from(sys::files::names(path, &file)).unwrap_or(usize::MAX) > known
}
