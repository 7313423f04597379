//! The few file operations the store is made of, each private to its owner from the first syscall on.
#![expect(clippy::disallowed_methods, reason = "this file wraps the file system for the store")]

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::regular_file;

/// No accounts file is larger; what is, is not one.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// No note beside it is larger.
const MAX_NOTE_BYTES: u64 = 64 * 1024;
/// As many links as Linux follows.
const MAX_LINKS: usize = 40;

/// The real path behind `path`: every link resolved, also one that dangles, also in folders that do not exist yet.
pub(super) fn real_path(path: &Path) -> io::Result<PathBuf> {
    let mut path = std::path::absolute(path)?;
    for _ in 0..MAX_LINKS {
        let folder = real_folder(path.parent().unwrap_or(&path))?;
        let Ok(target) = fs::read_link(&path) else {
            return Ok(folder.join(path.file_name().ok_or(ErrorKind::InvalidInput)?));
        };
        path = folder.join(target);
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

/// The real path of the part of `folder` that exists, and the rest as it is.
fn real_folder(folder: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(folder) {
        Ok(folder) => Ok(folder),
        Err(error) if error.kind() == ErrorKind::NotFound => match (folder.parent(), folder.file_name()) {
            (Some(parent), Some(name)) => Ok(real_folder(parent)?.join(name)),
            (Some(parent), None) => Ok(real_folder(parent)?.parent().unwrap_or(parent).to_owned()),
            (None, _) => Ok(folder.to_owned()),
        },
        Err(error) => Err(error),
    }
}

/// Makes `folder` and those above it that are missing, 0700 under any umask. Folders that are there stay as they are.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folder(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Ok(()) => restrict(folder, 0o700),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// What is wrong with a folder of somebody else.
pub(super) const ANOTHER_USER: &str = "belongs to another user";

/// Why `folder` must not hold our locks, if it must not. A folder of ours that others may enter is closed to them.
pub(super) fn folder_problem(folder: &Path) -> io::Result<Option<&'static str>> {
    let metadata = fs::symlink_metadata(folder)?;
    if !metadata.is_dir() {
        return Ok(Some("is not a folder"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Ok(Some(ANOTHER_USER));
        }
        if metadata.mode() & 0o077 != 0 {
            restrict(folder, 0o700)?;
        }
    }
    Ok(None)
}

/// Sets the mode where there are modes, unless it is that already.
#[cfg(unix)]
pub(super) fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    if fs::symlink_metadata(path)?.mode() & 0o7777 == mode {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(super) fn restrict(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Whether `folder` is there and nobody else's: ours, and not one that everybody may write to.
pub(super) fn is_own_folder(folder: &Path) -> bool {
    let Ok(metadata) = fs::metadata(folder) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o002 != 0 {
            return false;
        }
    }
    metadata.is_dir()
}

/// Whether `folder` is ours or can be made, as far as a look at it and those above it says.
pub(super) fn can_be_made(folder: &Path) -> bool {
    let mut above = folder.ancestors().filter(|above| !above.as_os_str().is_empty());
    let Some(found) = above.find(|above| above.exists()) else { return false };
    #[cfg(unix)]
    if rustix::fs::access(found, rustix::fs::Access::WRITE_OK).is_err() {
        return false;
    }
    found.is_dir() && (found != folder || is_own_folder(folder))
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
        options.mode(0o600).custom_flags(no_follow);
    }
    options
}

/// A umask may take the owner's own bits away; give them back, and take everyone else's.
fn own(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        if file.metadata()?.mode() & 0o7777 != 0o600 {
            file.set_permissions(Permissions::from_mode(0o600))?;
        }
    }
    let _ = file;
    Ok(())
}

/// Makes a new file, 0600, that was not there before.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    let file = private(OpenOptions::new().read(true).write(true).create_new(true)).open(path)?;
    own(&file)?;
    Ok(file)
}

/// Opens a lock file, 0600, making it if need be; its content stays.
pub(super) fn open_lock(path: &Path) -> io::Result<File> {
    let file = private(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(path)?;
    own(&file)?;
    Ok(file)
}

/// Opens a file that is there and no link, to ask who holds it. A pipe in its place does not stop the process.
pub(super) fn open_to_ask(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
    options.read(true).open(path)
}

/// Opens a file for reading; what is none, such as a pipe, is refused.
pub(super) fn open(path: &Path) -> io::Result<File> {
    regular_file::open(path)
}

/// The whole of `file`, bounded.
pub(super) fn read_all(file: &File) -> io::Result<Vec<u8>> {
    regular_file::bounded(file, MAX_FILE_BYTES)
}

/// The content of the file at `path`; `None` when there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match open(path) {
        Ok(file) => read_all(&file).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The content of a small file that is no link and nobody else's; `None` when there is none.
pub(super) fn read_own(path: &Path) -> Option<Vec<u8>> {
    let metadata = fs::symlink_metadata(path).ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return None;
        }
    }
    if metadata.is_file() { regular_file::read(path, MAX_NOTE_BYTES).ok() } else { None }
}

/// One `stat`; `None` when there is no file.
pub(super) fn stat(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a new file, 0600, and waits until it is on the disk. What cannot be finished is removed.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_new(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

/// Makes `copy` another name of `path`, or a copy where links are refused, readable by its owner alone.
pub(super) fn link(path: &Path, copy: &Path) -> io::Result<()> {
    if fs::hard_link(path, copy).is_ok() {
        return restrict(copy, 0o600);
    }
    let mut source = open(path)?;
    let mut target = create_new(copy)?;
    io::copy(&mut source, &mut target).map(drop)
}

/// Exchanges two files in one step; fails when either is not there. `None` where the system or the file system cannot.
#[cfg(target_os = "linux")]
pub(super) fn exchange(one: &Path, other: &Path) -> Option<io::Result<()>> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => None,
        done => Some(done.map_err(io::Error::from)),
    }
}

/// Exchanges two files in one step; `None`: the system has no such call that is known here.
#[cfg(not(target_os = "linux"))]
pub(super) fn exchange(_: &Path, _: &Path) -> Option<io::Result<()>> {
    None
}

/// Whether the file at `path` has a name besides this one and those in `own`.
pub(super) fn has_other_names(path: &Path, own: &[&Path]) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let Ok(file) = fs::metadata(path) else { return false };
        let is_same = |other: &&&Path| {
            fs::symlink_metadata(other).is_ok_and(|other| (other.dev(), other.ino()) == (file.dev(), file.ino()))
        };
        let known = 1 + own.iter().filter(is_same).count();
        usize::try_from(file.nlink()).unwrap_or(usize::MAX) > known
    }
    #[cfg(not(unix))]
    {
        let _ = (path, own);
        false
    }
}

/// Puts `from` in the place of `to`.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Removes a file; one that is not there is removed already.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes renames in `folder` durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    let _ = folder;
    Ok(())
}

/// The names in `folder`; those that are not UTF-8 are not ours.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    Ok(fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
}
