//! One change of the accounts file, from the lock to the disk.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use super::changes::Fresh;
use super::error::{StoreError, UpdateError};
use super::format::{FileText, State, StoredSecret, give_ids};
use super::holder::Holder;
use super::lock::FileLock;
use super::replace::{Before, Places};
use super::{Creation, Inner, StoreWarning, replace, seal_copy, sealing};
use crate::domain::time::Timestamp;
use crate::secrets::master_key::without_waiting;

/// What is done once the change is seen by every process, before it is safe from a loss of power too.
type OnceSeen = Box<dyn FnOnce()>;

/// The file as it is now, under its lock, for one change.
pub struct Transaction<'a> {
    /// What will be written, when it differs from what was read.
    pub state: State,
    /// The file as it was read.
    pub before: &'a State,
    pub(super) places: &'a Places,
    /// The file as it was; empty when there was none.
    pub(super) bytes: &'a [u8],
    pub(super) now: Timestamp,
    /// What is done once every process sees the change.
    pub(super) once_seen: Option<OnceSeen>,
}

impl Transaction<'_> {
    /// A copy of the file as it was, as `reset` leaves one, for a change that starts afresh. `None` when there was none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`]
    pub fn keep_copy(&self) -> Result<Option<PathBuf>, StoreError> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        self.places.copy_beside(self.bytes, "reset", self.now.as_millis()).map(Some)
    }

    /// Does `work` once every process sees the change, or there was none to write. That is earlier than it is safe from a loss
    /// of power, which takes the disk another moment; where the change is not made nothing is done.
    pub fn once_seen(&mut self, work: impl FnOnce() + 'static) {
        self.once_seen = Some(Box::new(work));
    }

    /// The time of the change.
    pub fn now(&self) -> Timestamp {
        self.now
    }
}

/// The file as it was read under the lock.
pub(super) struct Present {
    pub state: Arc<State>,
    pub text: Arc<FileText>,
}

/// Whether tokens that another tool could still read are sealed by this change.
pub(super) fn is_first_sealing(before: &State, after: &State) -> bool {
    before.seal.is_none()
        && after.seal.is_some()
        && before.secrets().any(|secret| matches!(secret, StoredSecret::Plain(_)))
}

impl Inner {
    /// Locks, does `work`, unlocks. `None` when `is_wanted` says, once the lock is there, that nobody waits any more.
    pub(super) fn locked<T, E>(
        &self,
        is_wanted: impl FnOnce() -> bool,
        work: impl FnOnce(&Inner, &FileLock) -> Result<T, UpdateError<E>>,
    ) -> Option<Result<T, UpdateError<E>>> {
        let lock = match self.lock() {
            Ok(lock) => lock,
            Err(error) => return Some(Err(error.into())),
        };
        if !is_wanted() {
            return None;
        }
        lock.sign(&Holder { pid: std::process::id(), session_id: self.session_id.clone() });
        Some(without_waiting(|| work(self, &lock)))
    }

    /// Reads, changes, seals, writes. The lock is an argument so that nobody comes here without it.
    pub(super) fn change<T, E>(
        &self,
        _lock: &FileLock,
        creation: Creation,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, UpdateError<E>> {
        let mut made = None;
        let change = Box::new(|transaction: &mut Transaction<'_>| made.insert(change(transaction)).is_ok());
        self.write(creation, change).map_err(UpdateError::widened)?;
        made.expect("the change was asked for its result").map_err(UpdateError::Refused)
    }

    /// The same for a change that keeps its result and says whether it was made. Not of the result's type, so that the compiler
    /// writes it out once.
    fn write(
        &self,
        creation: Creation,
        change: Box<dyn FnOnce(&mut Transaction<'_>) -> bool + '_>,
    ) -> Result<(), UpdateError<Infallible>> {
        let (mut before, text, present) = match (self.read_locked()?, creation) {
            (Some(present), _) => (present.state, present.text, Before::Present),
            (None, Creation::Allowed) => (Arc::new(State::new("")), Arc::default(), Before::Absent),
            (None, Creation::Never) => return Err(UpdateError::NoFile),
        };
        if before.store_id.is_empty() {
            Arc::make_mut(&mut before).store_id = self.random_id()?;
        }
        let (now, places) = (self.clock.now(), self.places());
        let mut transaction = Transaction {
            state: State::clone(&before),
            before: &before,
            places: &places,
            bytes: text.bytes(),
            now,
            once_seen: None,
        };
        if !change(&mut transaction) {
            return Ok(());
        }
        let Transaction { state: mut after, once_seen, .. } = transaction;
        let seen = || {
            if let Some(work) = once_seen {
                work();
            }
        };
        if after == *before {
            seen();
            // The folder with the note may have been removed since. Where nothing is sealed there is nothing to find yet.
            if present == Before::Present && before.seal.is_some() && self.folders.is_without_note() {
                self.remember_folders(&before);
            }
            return Ok(());
        }
        give_ids(&mut after.accounts);
        after.revision = self.next_revision(&before);
        sealing::seal(&mut after, &self.keyring)?;
        self.remember_folders(&after);
        let unsealed = is_first_sealing(&before, &after).then_some((text.bytes(), now));
        match self.commit(&after, &text, present, unsealed, seen) {
            Err(StoreError::Io { source, .. })
                if source.kind() == ErrorKind::NotFound && present == Before::Present && self.is_gone() =>
            {
                Err(UpdateError::NoFile)
            }
            done => Ok(done?),
        }
    }

    /// Notes where the ledger and the key in use are, for whoever shares the file.
    fn remember_folders(&self, state: &State) {
        self.folders.remember(state.seal.as_ref().and_then(|seal| self.keyring.key_folder(seal)));
    }

    /// Never one that this process has seen already.
    pub(super) fn next_revision(&self, before: &State) -> u64 {
        before.revision.max(self.cache().highest_revision()).saturating_add(1)
    }

    /// The state under the lock, with its bytes. A file that cannot be read is copied aside for whoever mends it.
    pub(super) fn read_locked(&self) -> Result<Option<Present>, StoreError> {
        // Requests ask the cache, and whoever holds it may have to wait for the disk.
        let (known, places) = (self.cache().text(), self.places());
        let fresh = Fresh::read(&places, &known);
        let mut cache = self.cache();
        let read = cache.take_in(&places, fresh);
        if let Err(StoreError::Unreadable { .. } | StoreError::Newer { .. }) = &read {
            places.set_aside(cache.text().bytes());
        }
        Ok(read?.map(|state| Present { state, text: cache.text() }))
    }

    fn is_gone(&self) -> bool {
        matches!(crate::files::stat(&self.places().file), Ok(None))
    }

    /// Writes `state` in the place of `before`; before that, copies the `unsealed` bytes that another tool could still read. Once every process sees it,
    /// `seen` is called.
    pub(super) fn commit(
        &self,
        state: &State,
        before: &FileText,
        present: Before,
        unsealed: Option<(&[u8], Timestamp)>,
        seen: impl FnOnce(),
    ) -> Result<(), StoreError> {
        let places = self.places();
        // What we could not read back must not reach the disk.
        let (text, read) = FileText::read(state.to_json_after(before), before);
        let state = read.map(Arc::new).map_err(|error| StoreError::Unreadable {
            path: places.next.clone(),
            reason: error.to_string(),
            previous: places.previous.clone(),
        })?;
        seal_copy::keep(&places, &state)?;
        let backup =
            unsealed.map(|(bytes, now)| places.copy_beside(bytes, "cam-backup", now.as_millis())).transpose()?;
        let (store_id, revision) = (state.store_id.clone(), state.revision);
        // Nobody else can write this number: the lock is held until it is written or taken back.
        self.own().begin(&store_id, revision);
        let had_other_name = present == Before::Present && places.has_other_name();
        if let Err(error) = replace::put(&places, text.bytes(), present) {
            self.own().take_back(revision);
            self.cache().distrust();
            if let Some(backup) = backup {
                let _ = crate::files::remove(&backup);
            }
            return Err(error);
        }
        self.cache().replaced(text.of_this_program(), state);
        seen();
        let synced = replace::sync(&places);
        match &synced {
            Ok(()) if had_other_name => self.warn(StoreWarning::other_name(&places.file)),
            Ok(()) => {}
            Err(_) => self.cache().distrust(),
        }
        if let Some(backup) = backup {
            self.warn(StoreWarning::sealed(backup));
        }
        synced
    }
}
