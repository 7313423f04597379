//! The ledger's file, private to its owner from the first syscall on. SQLite gives its side files the same mode.
#![expect(clippy::disallowed_methods, reason = "this file wraps the file system for the ledger")]

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::emptying;
use crate::files::{self, Identity};

/// What SQLite keeps beside the file.
const SIDES: [&str; 2] = ["-wal", "-shm"];

/// How often the folder's lock is tried.
const TRIES: u32 = 25;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// The file at `path`; `None` when there is none. One `stat`.
pub(super) fn identity(path: &Path) -> io::Result<Option<Identity>> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(error),
    };
    if !metadata.is_file() {
        return Err(io::Error::other("it is a link or not a file; move it away"));
    }
    match files::identity(path, &metadata) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        identity => identity.map(Some),
    }
}

/// Makes an empty file, 0600, in a folder that is made 0700 with those above it. One that is there stays.
pub(super) fn make(path: &Path) -> io::Result<()> {
    files::make_folder(path.parent().unwrap_or(path))?;
    match files::create_new(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => files::close_to_others(path),
    }
}

/// The path with every link in its folders resolved, so that SQLite needs to follow none.
pub(super) fn resolved(path: &Path) -> io::Result<PathBuf> {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => Ok(files::without_links(folder)?.join(name)),
        _ => Ok(path.to_owned()),
    }
}

/// No spill is longer.
const LONGEST_SPILL: u64 = 256 * 1024 * 1024;

/// What is between the name of the ledger and the key of a spill.
const SPILL: &str = ".unwritten-";

/// Writes `text` into a new file next to the ledger, private, and locked for as long as the returned file is open: the spill of
/// a living process is its own to write.
pub(super) fn spill(path: &Path, name: &str, text: &[u8]) -> io::Result<(PathBuf, File)> {
    let path = files::with_suffix(path, &format!("{SPILL}{name}"));
    let mut file = files::create_new(&path)?;
    let written = files::lock::wait(&file).and_then(|()| io::Write::write_all(&mut file, text));
    match written {
        Ok(()) => Ok((path, file)),
        Err(error) => {
            remove(&path);
            Err(error)
        }
    }
}

/// The spills of processes that have ended: names and files. One that is incomplete is left out.
pub(super) fn left_behind(path: &Path) -> Vec<(String, PathBuf, Vec<u8>)> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let prefix = format!("{name}{SPILL}");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let found =
        entries.filter_map(|entry| Some((entry.file_name().to_str()?.strip_prefix(&prefix)?.to_owned(), entry.path())));
    let read = |(name, path): (String, PathBuf)| {
        let file = files::open_own(&path).ok()?;
        // Reading a pipe that was put there would never end.
        let is_free = file.metadata().ok()?.is_file() && files::lock::try_lock(&file).ok()?;
        let text = files::bounded(&file, LONGEST_SPILL).ok().filter(|_| is_free)?;
        Some((name, path, text))
    };
    found.filter_map(read).collect()
}

/// Removes a spill. One that stays is known not to count again.
pub(super) fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}

/// The folder's lock while it lasts.
pub(super) struct FolderLock(Option<File>);

impl Drop for FolderLock {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            files::lock::free(folder);
        }
    }
}

/// Keeps the file at `path` from being set aside while it is opened. `None` while somebody does that, or when it is not
/// `seen` by now.
pub(super) fn keep_in_place(path: &Path, seen: Identity) -> io::Result<Option<FolderLock>> {
    let folder = open_folder(path)?;
    let is_free = match &folder {
        Some(folder) => files::lock::try_share(folder)?,
        None => true,
    };
    Ok((is_free && identity(path)? == Some(seen)).then_some(FolderLock(folder)))
}

/// Moves the damaged file `seen` to `<name>.damaged-<ms>`, with what SQLite keeps beside it. `None` when another process
/// did so before. A lock on the folder lets one at a time look and move, and keeps others from opening the file meanwhile.
/// It is not one on the file itself: closing that would free every lock that SQLite has on it in this process. What is
/// beside the file goes first: as long as the damaged one is in its place nobody makes a new one, whose own side files
/// could be taken for its. Where others keep it from being moved, a copy is set aside and the file emptied.
pub(super) fn set_aside(path: &Path, seen: Identity, ms: i64) -> io::Result<Option<PathBuf>> {
    let lock = FolderLock(open_folder(path)?);
    if let Some(folder) = &lock.0 {
        lock_for_a_moment(folder)?;
    }
    if identity(path)? != Some(seen) {
        return Ok(None);
    }
    let aside = (0..).map(|more| files::with_suffix(path, &format!(".damaged-{}", ms.saturating_add(more))));
    let aside = aside.take(1_000).find(|aside| fs::symlink_metadata(aside).is_err()).unwrap_or_default();
    let moved = each(path, &aside, files::rename);
    match moved {
        Err(error) if files::is_in_the_way(&error) => {
            if !emptying::is_damaged(path)? {
                return Ok(None);
            }
            each(path, &aside, |from, to| fs::copy(from, to).map(drop))?;
            files::close_to_others(&aside)?;
            emptying::empty(path)?;
        }
        moved => moved?,
    }
    Ok(Some(aside))
}

/// Does `work` with each of the files of a ledger that are there and its name elsewhere, and with the ledger itself last.
fn each(path: &Path, other: &Path, work: impl Fn(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
    for side in SIDES {
        match work(&files::with_suffix(path, side), &files::with_suffix(other, side)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    work(path, other)
}

/// Others hold it for the time of an opening. One that was stopped in the midst of that must not stop everyone.
fn lock_for_a_moment(folder: &File) -> io::Result<()> {
    for _ in 0..TRIES {
        if files::lock::try_lock(folder)? {
            return Ok(());
        }
        std::thread::sleep(BETWEEN_TRIES);
    }
    Err(ErrorKind::WouldBlock.into())
}

/// The folder of `path`, to be locked. Where a folder cannot be opened an open file cannot be moved either.
fn open_folder(path: &Path) -> io::Result<Option<File>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(None), files::lock::open_folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beside_a_damaged_file_goes_with_it_and_nothing_else_does() {
        let home = tempfile::TempDir::new().unwrap();
        let path = home.path().join("ledger.sqlite");
        for (name, text) in [("", "damaged"), ("-wal", "its log"), ("-shm", "its index"), (".other", "other")] {
            fs::write(files::with_suffix(&path, name), text).unwrap();
        }
        let seen = identity(&path).unwrap().unwrap();
        let kept = keep_in_place(&path, seen).unwrap().expect("it is in its place");
        assert_eq!(set_aside(&path, seen, 5).unwrap_err().kind(), ErrorKind::WouldBlock, "it is being opened");
        assert!(path.exists());
        drop(kept);
        let aside = set_aside(&path, seen, 5).unwrap().unwrap();
        assert_eq!(aside, files::with_suffix(&path, ".damaged-5"));
        for (name, text) in [("", "damaged"), ("-wal", "its log"), ("-shm", "its index")] {
            assert_eq!(fs::read_to_string(files::with_suffix(&aside, name)).unwrap(), text);
        }
        // Another process makes a new one, and who saw the old one too moves nothing of it.
        for name in ["", "-wal", "-shm"] {
            fs::write(files::with_suffix(&path, name), "new").unwrap();
        }
        assert_eq!(set_aside(&path, seen, 6).unwrap(), None);
        assert!(keep_in_place(&path, seen).unwrap().is_none(), "it is another file");
        for name in ["", "-wal", "-shm"] {
            assert_eq!(fs::read_to_string(files::with_suffix(&path, name)).unwrap(), "new");
        }
    }
}
