//! Finding, renaming and replacing files so that at every instant either the old or the new one is there.
#![expect(clippy::disallowed_methods, reason = "this room wraps the file system")]

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use super::private;
use crate::sys;

pub use crate::sys::files::{exchange, sync_folder};

/// As many links as Linux follows.
const MAX_LINKS: usize = 40;

/// The real path behind `path`: every link resolved, also one that dangles, also in folders that do not exist yet.
pub fn real_path(path: &Path) -> io::Result<PathBuf> {
    let mut path = std::path::absolute(path)?;
    for _ in 0..MAX_LINKS {
        // The root and what ends in `..` have no name of their own.
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return real_folder(&path) };
        let folder = real_folder(parent)?;
        let Ok(target) = fs::read_link(&path) else { return Ok(folder.join(name)) };
        path = folder.join(target);
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

/// What `path` is called before and behind each link on its way, in their order and without `.` and `..`: itself first, the real one last.
pub fn names_of_links(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut path = std::path::absolute(path)?;
    let mut names = vec![without_detours(&path)];
    while let Some(behind) = behind_first_link(&path) {
        if names.len() > MAX_LINKS {
            return Err(io::Error::other("too many levels of symbolic links"));
        }
        names.push(without_detours(&behind));
        path = behind;
    }
    Ok(names)
}

/// The path with the first link in it followed, if there is one.
fn behind_first_link(path: &Path) -> Option<PathBuf> {
    let mut folder = PathBuf::new();
    let mut parts = path.components();
    while let Some(part) = parts.next() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(folder.pop()),
            part => match sys::files::read_link(&folder.join(part)) {
                Ok(target) => return Some(folder.join(target).join(parts.as_path())),
                Err(_) => folder.push(part),
            },
        }
    }
    None
}

/// As it is named, without `.` and `..`.
fn without_detours(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

/// The real path of the part of `folder` that exists, and the rest as it is.
fn real_folder(folder: &Path) -> io::Result<PathBuf> {
    match sys::files::canonical(folder) {
        Ok(folder) => Ok(folder),
        Err(error) if error.kind() == ErrorKind::NotFound => match (folder.parent(), folder.file_name()) {
            (Some(parent), Some(name)) => Ok(real_folder(parent)?.join(name)),
            (Some(parent), None) => Ok(real_folder(parent)?.parent().unwrap_or(parent).to_owned()),
            (None, _) => Ok(folder.to_owned()),
        },
        Err(error) => Err(error),
    }
}

/// `path` with `suffix` behind its name.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// One `stat`; `None` when there is no file.
pub fn stat(path: &Path) -> io::Result<Option<Metadata>> {
    match sys::files::while_opening(|| fs::metadata(path)) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts `from` in the place of `to`. Where another program may have that open, it is waited for.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    sys::files::while_replacing(|| fs::rename(from, to))
}

/// Removes a file; one that is not there is removed already.
pub fn remove(path: &Path) -> io::Result<()> {
    match sys::files::while_opening(|| fs::remove_file(path)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The names in `folder`; those that are not UTF-8 are not ours.
pub fn names(folder: &Path) -> io::Result<Vec<String>> {
    Ok(fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
}

/// A file's next content. A new file is its owner's alone.
#[derive(Clone, Copy, Debug)]
pub struct Replacement<'a> {
    /// The file, links resolved.
    pub path: &'a Path,
    /// The name of the next file while it is written, in the same folder. What has it already was left by a process that died:
    /// the caller holds a lock.
    pub next: &'a Path,
    /// Which permissions of a file that is there are kept.
    pub kept_mode: u32,
}

/// Writes `bytes` beside the file and puts that in its place in one step; on the disk when this returns.
pub fn replace(replacement: &Replacement, bytes: &[u8]) -> io::Result<()> {
    let Replacement { path, next, kept_mode } = *replacement;
    remove(next)?;
    let write = || {
        let mut file = private::create_new(next)?;
        file.write_all(bytes)?;
        sys::files::keep_access(path, next, &file, kept_mode)?;
        sys::files::sync(&file)?;
        // Windows renames no open file.
        drop(file);
        rename(next, path)
    };
    if let Err(error) = write() {
        let _ = fs::remove_file(next);
        return Err(error);
    }
    sync_folder(path.parent().unwrap_or(Path::new("/")))
}
