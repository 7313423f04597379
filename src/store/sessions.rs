//! Who is alive: every running process holds a lock on a file of its own, which the kernel frees when it dies. The file has
//! its name only while it is locked, so whoever finds it under that name may ask for its lock without disturbing its owner.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::StoreError;
use super::format::{MAX_FILE_BYTES, SessionRecord};
use super::transaction::Transaction;
use super::{Store, lock};
use crate::files;

const KIND: &str = "session";

/// A running process's proof of life. Keep it as long as the process lives; dropping it ends the session.
#[derive(Debug)]
#[must_use = "the session ends as soon as this is dropped"]
pub struct SessionLock {
    id: String,
    path: PathBuf,
    file: File,
}

impl Drop for SessionLock {
    fn drop(&mut self) {
        // A record whose file is gone is a dead one.
        let _ = files::remove(&self.path);
        files::lock::free(&self.file);
    }
}

impl Store {
    /// Whether others find the lock. Somebody may have removed the folder that it is in, or made the accounts file a link.
    pub fn shows(&self, session: &SessionLock) -> bool {
        let place = place(&self.0.whereabouts.now().folder, &session.id);
        session.path == place && files::is_at(&session.file, &place)
    }

    /// Whether the process of session `id` runs, for whoever holds no lock: a few system calls, none of which writes or
    /// keeps the session from its lock. When in doubt, it runs.
    pub fn is_alive(&self, id: &str) -> bool {
        !is_dead(&self.session_file(id))
    }

    /// What session `id` wrote about itself with `claim_session`.
    pub fn session_private(&self, id: &str) -> Option<Value> {
        serde_json::from_slice(&files::read_if_there(&self.session_file(id), MAX_FILE_BYTES).ok()??).ok()
    }

    /// The file of session `id`, in which [`Store::session_private`] stands.
    pub fn session_file(&self, id: &str) -> PathBuf {
        place(&self.folder(), id)
    }
}

impl Transaction<'_> {
    /// Takes out the records of sessions whose process is dead, and their files; also files without a record.
    pub fn reap_dead_sessions(&mut self) -> Vec<SessionRecord> {
        let folder = &self.places.folder;
        let (dead, alive) =
            std::mem::take(&mut self.state.sessions).into_iter().partition(|session| reap(&place(folder, &session.id)));
        self.state.sessions = alive;
        let alive: Vec<PathBuf> = self.state.sessions.iter().map(|session| place(folder, &session.id)).collect();
        for name in files::names(folder).unwrap_or_default() {
            let path = folder.join(&name);
            if name.starts_with("session-") && !alive.contains(&path) {
                reap(&path);
            }
        }
        dead
    }

    /// Makes and locks the file that proves that session `id` lives. `private` is written into it for whoever may
    /// read this user's files: the port and the RPC token. The record itself is the caller's to add.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`], also when there is a session of that id.
    pub fn claim_session(&mut self, id: &str, private: &Value) -> Result<SessionLock, StoreError> {
        let path = place(&self.places.folder, id);
        let failed = StoreError::io("create the session file", &path);
        let claimed = claim(&path, private).map_err(failed)?;
        Ok(SessionLock { id: id.to_owned(), path, file: claimed })
    }

    /// Takes the record of a session that ends out of the file.
    pub fn release_session(&mut self, lock: &SessionLock) {
        self.state.sessions.retain(|session| session.id != lock.id);
    }
}

fn place(folder: &Path, id: &str) -> PathBuf {
    lock::named(folder, KIND, id)
}

fn is_dead(path: &Path) -> bool {
    match files::open_to_ask(path) {
        Ok(file) => !files::lock::is_held(&file).unwrap_or(true),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Whoever calls this holds the file lock, so nobody else makes a file of that name meanwhile.
fn claim(path: &Path, private: &Value) -> io::Result<File> {
    if files::stat(path)?.is_some() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let unnamed = files::with_suffix(path, ".new");
    // Of this process, which could not give it its name.
    files::remove(&unnamed)?;
    let mut file = files::create_new(&unnamed)?;
    let claimed = files::lock::try_lock(&file).and_then(|locked| {
        if !locked {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        file.write_all(private.to_string().as_bytes())?;
        files::rename(&unnamed, path)
    });
    if let Err(error) = claimed {
        let _ = files::remove(&unnamed);
        return Err(error);
    }
    Ok(file)
}

/// Whether the session of the file at `path` is dead; its file goes with it. Whoever calls this holds the file lock, so no
/// session is between making its file and naming it.
fn reap(path: &Path) -> bool {
    let dead = is_dead(path);
    if dead {
        let _ = files::remove(path);
    }
    dead
}

#[cfg(test)]
mod tests;
