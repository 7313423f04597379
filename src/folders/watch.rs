//! Whether what was read of folders is still so: a second look is taken only where something has changed.

use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::clock;
use crate::domain::time::Timestamp;
use crate::files::{self, Stamp};

/// After how long something unknown that shows in no file is asked for again, such as remotes where `git` is missing.
const LATER: Duration = Duration::from_secs(10);

/// What is at a path, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// What is in it is noted by its own names.
    Folder,
    File(Stamp),
    /// It may not be read, or a link leads nowhere.
    Hidden,
}

/// The files and links that were read, as they were before.
#[derive(Debug, Default)]
pub struct Watch {
    files: Vec<(PathBuf, Seen)>,
    links: Vec<(PathBuf, Option<PathBuf>)>,
    /// What paths are called on the way through their links.
    names: Vec<(PathBuf, Vec<PathBuf>)>,
    /// Folders whose names were read.
    listed: Vec<(PathBuf, Option<Stamp>)>,
    /// Folders that are there, or were once.
    there: HashSet<PathBuf>,
    /// Those of the last look.
    there_before: HashSet<PathBuf>,
    /// For each folder of the session, where its repositories were whenever this was looked at.
    repositories: HashMap<PathBuf, HashSet<PathBuf>>,
    /// The same of the last look.
    repositories_before: HashMap<PathBuf, HashSet<PathBuf>>,
    /// What the last look read, as it was when this one began.
    ahead: HashMap<PathBuf, Seen>,
    /// When this look began, by the clock of files and by that of this process. `None` where nobody looks again.
    began: Option<(Timestamp, Instant)>,
    /// Something may have been changed behind it: a file that was noted only when it had been read, or was written in the same tick.
    is_late: bool,
    again_at: Option<Instant>,
}

impl Watch {
    /// A new one, which begins at `now`. What the last one knew is noted before any of it is read again.
    pub fn after(before: Option<&Watch>, now: Timestamp) -> Watch {
        let known = before.into_iter().flat_map(|before| &before.files);
        Watch {
            ahead: known.map(|(path, _)| (path.clone(), seen(path))).collect(),
            repositories_before: before.map(|before| before.repositories.clone()).unwrap_or_default(),
            there_before: before.map(|before| before.there.clone()).unwrap_or_default(),
            began: Some((now, clock::instant())),
            ..Watch::default()
        }
    }

    /// Notes a file or folder that is read next, also when it is not there. Whether it is.
    pub fn note(&mut self, path: &Path) -> bool {
        let known = self.files.iter().find(|(known, _)| known == path).map(|(_, seen)| *seen);
        let now = known.unwrap_or_else(|| {
            let now = self.ahead.remove(path).unwrap_or_else(|| seen(path));
            self.files.push((path.to_owned(), now));
            if let Seen::File(stamp) = now {
                self.is_late |= self.is_racy(stamp);
            }
            now
        });
        now != Seen::Nothing
    }

    /// Whether a write that follows may leave the stamp as it is.
    fn is_racy(&self, stamp: Stamp) -> bool {
        let now = self.began.map(|(began, at)| began.after(clock::instant().saturating_duration_since(at)));
        now.is_some_and(|now| !stamp.is_settled(now.since_1970()))
    }

    /// Notes a folder, and says why its place is unknown: it may not be read, or it was there once.
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

    /// Keeps in mind where the repositories of a folder were, as long as the session works in it.
    pub fn keep_repositories(&mut self, folder: &Path) {
        if let Some(were) = self.repositories_before.get(folder) {
            self.repositories.insert(folder.to_owned(), were.clone());
        }
    }

    /// Notes where repositories of a folder may be, and whether one is there. A place where one was and is no more.
    pub fn gone_repository(&mut self, folder: &Path, places: &[(PathBuf, bool)]) -> Option<PathBuf> {
        let were = self.repositories.entry(folder.to_owned()).or_default();
        were.extend(places.iter().filter(|(_, is_there)| *is_there).map(|(place, _)| place.clone()));
        let is_gone = |(place, is_there): &&(PathBuf, bool)| !is_there && were.contains(place);
        places.iter().find(is_gone).map(|(place, _)| place.clone())
    }

    /// Notes one that was read already: unless it was known before, it is looked at once more.
    pub fn note_late(&mut self, path: &Path) {
        self.is_late |= !self.ahead.contains_key(path) && self.files.iter().all(|(known, _)| known != path);
        self.note(path);
    }

    /// Notes a folder whose names are read next.
    pub fn note_names(&mut self, folder: &Path) {
        let stamp = Stamp::at(folder);
        self.is_late |= stamp.is_some_and(|stamp| self.is_racy(stamp));
        self.listed.push((folder.to_owned(), stamp));
    }

    /// Where `path` really is; `None` where the system does not say.
    pub fn real(&mut self, path: &Path) -> Option<PathBuf> {
        let real = files::real_path(path).ok();
        self.links.push((path.to_owned(), real.clone()));
        real
    }

    /// What `path` is called before and behind each link on its way; none where they do not end.
    pub fn names(&mut self, path: &Path) -> Vec<PathBuf> {
        let names = files::names_of_links(path).unwrap_or_default();
        self.names.push((path.to_owned(), names.clone()));
        names
    }

    /// Something is unknown, and no file would show that it is known.
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
            || self.names.iter().any(|(path, names)| files::names_of_links(path).unwrap_or_default() != *names)
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

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests write the files that are looked at")]
mod tests {
    use std::fs;

    use super::*;
    use crate::clock::Clock;

    /// A second write within the same tick of the kernel's clock leaves length and times as they were.
    #[test]
    fn what_was_written_a_moment_ago_is_looked_at_once_more() {
        let home = tempfile::TempDir::new().unwrap();
        let file = home.path().join("config");
        let note_file = |watch: &mut Watch| {
            watch.note(&file);
        };
        let note_names = |watch: &mut Watch| watch.note_names(home.path());
        for note in [&note_file as &dyn Fn(&mut Watch), &note_names] {
            let looks_again = |wait: Duration| {
                fs::write(&file, "x").unwrap();
                fs::remove_file(&file).unwrap();
                fs::write(&file, "x").unwrap();
                let mut watch = Watch::after(None, Clock::system().now().after(wait));
                note(&mut watch);
                watch.has_changed()
            };
            // A busy machine may take longer than a tick between the two, but not each time.
            assert!((0..100).any(|_| looks_again(Duration::ZERO)));
            assert!(!looks_again(Duration::from_mins(1)));
        }
    }
}
