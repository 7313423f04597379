//! Whether what was read of folders is still so: a second look is only taken where something has changed.

use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::clock;
use crate::files::{self, Stamp};

/// When something is asked for again that could not be told, such as by a `git` that was not there.
const LATER: Duration = Duration::from_secs(10);

/// What is at a path, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// What is in it is noted by its own names.
    Folder,
    File(Stamp),
    /// Nobody can tell.
    Hidden,
}

/// The files and links that were read, as they were before.
#[derive(Debug, Default)]
pub struct Watch {
    files: Vec<(PathBuf, Seen)>,
    links: Vec<(PathBuf, Option<PathBuf>)>,
    /// Folders whose names were read.
    listed: Vec<(PathBuf, Option<Stamp>)>,
    /// Folders that are there, or were once.
    there: HashSet<PathBuf>,
    /// Those of the last look.
    there_before: HashSet<PathBuf>,
    /// What the last look read, as it was when this one began.
    ahead: HashMap<PathBuf, Seen>,
    /// A file was found only when it had been read: it may have been changed between.
    is_late: bool,
    again_at: Option<Instant>,
}

impl Watch {
    /// A new one. What the last one knew is noted before any of it is read again.
    pub fn after(before: Option<&Watch>) -> Watch {
        let known = before.into_iter().flat_map(|before| &before.files);
        Watch {
            ahead: known.map(|(path, _)| (path.clone(), seen(path))).collect(),
            there_before: before.map(|before| before.there.clone()).unwrap_or_default(),
            ..Watch::default()
        }
    }

    /// Notes a file or folder that is read next, also when it is not there. Whether it is.
    pub fn note(&mut self, path: &Path) -> bool {
        let known = self.files.iter().find(|(known, _)| known == path).map(|(_, seen)| *seen);
        let now = known.unwrap_or_else(|| {
            let now = self.ahead.remove(path).unwrap_or_else(|| seen(path));
            self.files.push((path.to_owned(), now));
            now
        });
        now != Seen::Nothing
    }

    /// Notes a folder, and says why nobody can tell where it is now: it may not be read, or it was there once and is no more.
    pub fn lost(&mut self, folder: &Path) -> Option<&'static str> {
        self.note(folder);
        let seen = self.files.iter().find(|(known, _)| known == folder).map(|(_, seen)| *seen);
        let was_there = self.there_before.contains(folder);
        if was_there || matches!(seen, Some(Seen::Folder | Seen::File(_))) {
            self.there.insert(folder.to_owned());
        }
        match seen {
            Some(Seen::Hidden) => Some("it may not be read, or a link leads nowhere"),
            Some(Seen::Nothing) if was_there => Some("it was moved or removed; put it back, or open it again"),
            _ => None,
        }
    }

    /// Notes one that was read already: unless it was known before, it is looked at once more.
    pub fn note_late(&mut self, path: &Path) {
        self.is_late |= !self.ahead.contains_key(path) && self.files.iter().all(|(known, _)| known != path);
        self.note(path);
    }

    /// Notes a folder whose names are read next.
    pub fn note_names(&mut self, folder: &Path) {
        self.listed.push((folder.to_owned(), Stamp::at(folder)));
    }

    /// Where `path` really is, if that can be told.
    pub fn real(&mut self, path: &Path) -> Option<PathBuf> {
        let real = files::real_path(path).ok();
        self.links.push((path.to_owned(), real.clone()));
        real
    }

    /// Something could not be told and shows in no file.
    pub fn try_again(&mut self) {
        self.again_at = Some(clock::instant() + LATER);
    }

    /// Whether there is nothing that could be other than it was.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.links.is_empty() && self.listed.is_empty() && self.again_at.is_none()
    }

    /// Whether something is other than it was.
    pub fn has_changed(&self) -> bool {
        self.is_late
            || self.again_at.is_some_and(|at| clock::instant() >= at)
            || self.files.iter().any(|(path, before)| seen(path) != *before)
            || self.listed.iter().any(|(folder, before)| Stamp::at(folder) != *before)
            || self.links.iter().any(|(path, real)| files::real_path(path).ok() != *real)
    }
}

fn seen(path: &Path) -> Seen {
    match files::stat(path) {
        Ok(Some(found)) if found.is_dir() => Seen::Folder,
        Ok(Some(found)) => Seen::File(Stamp::of(&found)),
        Ok(None) if path.is_symlink() => Seen::Hidden,
        Ok(None) => Seen::Nothing,
        Err(error) if error.kind() == ErrorKind::NotADirectory => Seen::Nothing,
        Err(_) => Seen::Hidden,
    }
}
