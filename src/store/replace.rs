//! Replacing the accounts file so that at every instant, whatever happens, either the old or the new one is there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::error::StoreError;
use crate::files::{self, hash};

/// Where everything of one accounts file is.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The accounts file itself, links resolved.
    pub file: PathBuf,
    /// The folder it is in.
    pub parent: PathBuf,
    /// `<accounts file>.cam`.
    pub folder: PathBuf,
    /// The lock.
    pub lock: PathBuf,
    /// The next state while it is written.
    pub next: PathBuf,
    /// The state before the last write.
    pub previous: PathBuf,
    /// The id of the key that is being made, while secrets are sealed again.
    pub rekey: PathBuf,
}

impl Places {
    /// Resolves the links in `path`; touches nothing.
    pub(super) fn resolve(path: &Path) -> Result<Places, StoreError> {
        files::real_path(path).map(Places::of).map_err(StoreError::io("find", path))
    }

    fn of(file: PathBuf) -> Places {
        let parent = file.parent().map(Path::to_owned).unwrap_or_default();
        let folder = files::with_suffix(&file, ".cam");
        Places {
            lock: folder.join("lock"),
            next: folder.join("next.json"),
            previous: folder.join("previous.json"),
            rekey: folder.join("rekey"),
            file,
            parent,
            folder,
        }
    }

    /// Makes the `.cam` folder, and refuses one that is not ours.
    pub(super) fn make_folder(&self) -> Result<(), StoreError> {
        files::make_folder(&self.folder).map_err(StoreError::io("create the folder", &self.folder))?;
        match files::own_folder_problem(&self.folder).map_err(StoreError::io("use the folder", &self.folder))? {
            None => Ok(()),
            Some(problem) => Err(StoreError::Foreign { path: self.folder.clone(), problem }),
        }
    }

    /// A copy of `bytes` beside the accounts file, `<name>.<kind>-<ms>`, on the disk when this returns.
    pub(super) fn copy_beside(&self, bytes: &[u8], kind: &str, now: i64) -> Result<PathBuf, StoreError> {
        let mut at = now;
        loop {
            let path = files::with_suffix(&self.file, &format!(".{kind}-{at}"));
            match files::write_new(&path, bytes).and_then(|()| files::sync_folder(&self.parent)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => at = at.wrapping_add(1),
                done => return done.map(|()| path.clone()).map_err(StoreError::io("write the backup", &path)),
            }
        }
    }

    /// Moves the accounts file away; the caller holds the lock. `None` when there is none.
    pub(super) fn move_away(&self, now: i64) -> Result<Option<PathBuf>, StoreError> {
        let stat = |path: &Path| files::stat(path).map_err(StoreError::io("look for", path));
        if stat(&self.file)?.is_none() {
            return Ok(None);
        }
        let mut at = now;
        let mut path = files::with_suffix(&self.file, &format!(".reset-{at}"));
        while stat(&path)?.is_some() {
            at = at.wrapping_add(1);
            path = files::with_suffix(&self.file, &format!(".reset-{at}"));
        }
        files::rename(&self.file, &path).map_err(StoreError::io("move", &self.file))?;
        files::sync_folder(&self.parent).map_err(StoreError::io("sync the folder", &self.parent))?;
        Ok(Some(path))
    }

    /// Whether the accounts file has another name than those of ours, which would keep the content that is replaced.
    pub(super) fn has_other_name(&self) -> bool {
        let own = [self.previous.as_path(), &self.folder.join("previous.next"), &self.next];
        files::has_other_names(&self.file, &own)
    }

    /// Keeps a copy of an accounts file that cannot be read, once for each content.
    pub(super) fn set_aside(&self, bytes: &[u8]) {
        let name = format!("unreadable-{}.json", hash::hexadecimal(bytes));
        // The file itself stays where it is, so a copy that cannot be made loses nothing.
        let _ = files::write_new(&self.folder.join(name), bytes);
    }
}

/// Where the accounts file is, for as long as the process runs: somebody may make its name a link, or a link point elsewhere.
pub(super) struct Whereabouts {
    /// Before links are resolved.
    given: PathBuf,
    places: RwLock<Arc<Places>>,
}

impl Whereabouts {
    /// Resolves the links in `given`; touches nothing.
    pub(super) fn of(given: &Path) -> Result<Whereabouts, StoreError> {
        let given = std::path::absolute(given).map_err(StoreError::io("find", given))?;
        let places = RwLock::new(Arc::new(Places::resolve(&given)?));
        Ok(Whereabouts { given, places })
    }

    /// Where it was when this was looked at last.
    pub(super) fn known(&self) -> Arc<Places> {
        Arc::clone(&self.places.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where it is now.
    pub(super) fn now(&self) -> Arc<Places> {
        let known = self.known();
        match files::real_path(&self.given) {
            Ok(file) if file != known.file => {
                let moved = Arc::new(Places::of(file));
                *self.places.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&moved);
                moved
            }
            // Where it cannot be found out, nothing has moved.
            Ok(_) | Err(_) => known,
        }
    }
}

/// Whether there was a file when the change began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Present,
    Absent,
}

/// Puts `bytes` in the place of the accounts file; the caller holds the lock. When this returns `Ok`, every process sees them,
/// and after [`sync`] they survive a loss of power. With `Before::Present` a file that was removed meanwhile is not brought
/// back: that is an error of kind `NotFound`. Where the system can exchange two files in one step no removal can fall in
/// between.
pub(super) fn put(places: &Places, bytes: &[u8], present: Before) -> Result<(), StoreError> {
    let write = StoreError::io("write", &places.next);
    let keep = StoreError::io("keep the previous state in", &places.previous);
    let put = StoreError::io("replace", &places.file);
    files::remove(&places.next).and_then(|()| files::write_new(&places.next, bytes)).map_err(write)?;
    let exchanged = match present {
        Before::Present => files::exchange(&places.next, &places.file),
        Before::Absent => None,
    };
    let done = match exchanged {
        Some(Ok(())) => {
            // What was the file is called `next.json` now. The change itself is made, whatever becomes of this name;
            // where both are names of one file already, renaming does nothing.
            let _ = files::restrict(&places.next, 0o600)
                .and_then(|()| files::rename(&places.next, &places.previous))
                .and_then(|()| files::remove(&places.next));
            Ok(())
        }
        Some(Err(error)) => Err(put(error)),
        None => keep_previous(places, present)
            .map_err(keep)
            .and_then(|()| files::rename(&places.next, &places.file).map_err(put)),
    };
    if done.is_err() {
        let _ = files::remove(&places.next);
    }
    done
}

/// Makes sure that the file that was put in place survives a loss of power.
pub(super) fn sync(places: &Places) -> Result<(), StoreError> {
    files::sync_folder(&places.parent).map_err(StoreError::io("sync the folder", &places.parent))
}

/// Gives the present state its second name. Renaming one name of a file over another of the same file does nothing,
/// so the temporary name is removed before and after.
pub(super) fn keep_previous(places: &Places, present: Before) -> io::Result<()> {
    if files::stat(&places.file)?.is_none() {
        return match present {
            Before::Present => Err(io::ErrorKind::NotFound.into()),
            Before::Absent => Ok(()),
        };
    }
    let temporary = places.folder.join("previous.next");
    files::remove(&temporary)?;
    files::link(&places.file, &temporary)?;
    files::rename(&temporary, &places.previous)?;
    files::remove(&temporary)
}
