//! The shared accounts file. Any number of processes read it without a lock and change it under one; whatever
//! happens to any of them at any moment, the file is the old state or the new, and never loses an acknowledged
//! change.

mod changes;
mod data_folders;
mod error;
pub mod format;
mod holder;
mod inspect;
mod lock;
mod own;
mod preview;
mod rekey;
mod replace;
mod rotations;
pub mod schema;
mod seal_copy;
mod sealing;
mod sessions;
mod transaction;
mod worker;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use data_folders::DataFolders;
pub use error::{StoreError, UpdateError};
pub use format::{
    FamilyPin, FormatError, Pin, SecretField, SessionRecord, SharedAccount, State, StoredAccount, StoredAllowed,
    StoredPins, StoredSecret,
};
pub use holder::Holder;
pub use inspect::LockState;
pub use lock::NamedLock;
pub use preview::{Foreign, Preview};
pub use rekey::Rekeyed;
pub use rotations::{Newest, RecordError, Rotations};
pub use sessions::SessionLock;
pub use transaction::Transaction;

use crate::clock::{self, Clock};
use crate::secrets::Secret;
use crate::secrets::master_key::{KeyError, KeySources, KeyState, Keyring};

/// How long an update waits for the lock before it gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a store is made of.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The accounts file, before links are resolved.
    pub accounts_file: PathBuf,
    /// Where the master key is looked for.
    pub keys: KeySources,
    /// Where the ledger and the key file are.
    pub folders: DataFolders,
    /// The time of changes.
    pub clock: Clock,
    /// Stands in the lock file with the pid, so that those who wait can name us.
    pub session_id: String,
}

/// Whether an update may make a file that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// `add`, `login`, `import` and a process that starts make one, with a new store id.
    Allowed,
    /// A running process never brings back a file that was removed.
    Never,
}

/// Something a person has to know once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreWarning {
    /// What happened and what to do.
    pub message: String,
    /// The copy of the file as it was, if one was made.
    pub backup: Option<PathBuf>,
}

impl StoreWarning {
    fn sealed(backup: PathBuf) -> StoreWarning {
        StoreWarning {
            message: format!(
                "the tokens in the accounts file are sealed now; the tool that wrote them can no longer read them and \
                 must be removed. A copy of the old file is in `{}`; `codex-account-manager export --plain` writes the accounts unsealed",
                backup.display()
            ),
            backup: Some(backup),
        }
    }

    fn other_name(file: &Path) -> StoreWarning {
        StoreWarning {
            message: format!(
                "`{}` has another name (a hard link), which keeps the content from before this change; make that name a \
                 symbolic link",
                file.display()
            ),
            backup: None,
        }
    }
}

/// The accounts file as this process sees it. Clones share one cache, one key and one thread.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    whereabouts: replace::Whereabouts,
    clock: Clock,
    session_id: String,
    patience: Duration,
    keyring: Keyring,
    folders: DataFolders,
    cache: Mutex<changes::Cache>,
    warnings: Mutex<Vec<StoreWarning>>,
    own: Mutex<own::Revisions>,
    worker: worker::Worker,
}

impl Store {
    /// Finds the real file behind links. Reads and makes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] when a folder on the way cannot be searched.
    pub fn open(options: StoreOptions) -> Result<Store, StoreError> {
        Store::with_patience(options, PATIENCE)
    }

    fn with_patience(options: StoreOptions, patience: Duration) -> Result<Store, StoreError> {
        Ok(Store(Arc::new(Inner {
            whereabouts: replace::Whereabouts::of(&options.accounts_file)?,
            clock: options.clock,
            session_id: options.session_id,
            patience,
            keyring: Keyring::new(options.keys),
            folders: options.folders,
            cache: Mutex::default(),
            warnings: Mutex::default(),
            own: Mutex::default(),
            worker: worker::Worker::default(),
        })))
    }

    /// The accounts file, links resolved.
    pub fn path(&self) -> PathBuf {
        self.0.places().file.clone()
    }

    /// `<accounts file>.cam`, where locks and the previous state are.
    pub fn folder(&self) -> PathBuf {
        self.0.places().folder.clone()
    }

    /// The state of the file; `None` when there is none. One `stat` when it has not moved, and then the same `Arc`.
    /// Takes no lock.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreadable`], [`StoreError::Newer`] or [`StoreError::Io`].
    pub fn read(&self) -> Result<Option<Arc<State>>, StoreError> {
        let places = self.0.places();
        let read = self.0.cache().read(&places)?;
        if read.is_none() {
            let now = self.0.whereabouts.now();
            if now.file != places.file {
                return self.0.cache().read(&now);
            }
        }
        Ok(read)
    }

    /// Whether the file was read since this was asked last and was older than it had been: another program wrote it, which
    /// may have put a copy back.
    pub fn take_went_back(&self) -> bool {
        self.0.cache().take_went_back()
    }

    /// Changes the file under its lock; when this returns `Ok`, the change is on the disk. Nothing is written when
    /// `change` leaves the state equal. Dropping the future does not stop a change that has begun.
    ///
    /// # Errors
    ///
    /// [`UpdateError`]; [`StoreError::Busy`] when the lock was not free within ten seconds.
    pub async fn update<T: Send + 'static, E: Send + 'static>(
        &self,
        creation: Creation,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, UpdateError<E>> {
        self.under_lock(move |inner, lock| inner.change(lock, creation, change)).await
    }

    /// Does `work` on the store's thread, under the lock of the file.
    async fn under_lock<T: Send + 'static, E: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &lock::FileLock) -> Result<T, UpdateError<E>> + Send + 'static,
    ) -> Result<T, UpdateError<E>> {
        let (sender, mut receiver) = tokio::sync::oneshot::channel();
        let claim = Arc::new(worker::Claim::default());
        let patience = self.0.patience;
        let deadline = clock::instant() + patience;
        let job = {
            let (inner, claim) = (Arc::clone(&self.0), Arc::clone(&claim));
            move || {
                let is_wanted = || clock::instant() < deadline && claim.start();
                let done = catch_unwind(AssertUnwindSafe(|| inner.locked(is_wanted, work)));
                let _ = sender.send(done);
            }
        };
        self.0.worker.run(Box::new(job)).map_err(StoreError::io("start a thread for", &self.path()))?;
        let done = match tokio::time::timeout(patience, &mut receiver).await {
            Ok(done) => done,
            Err(_) if claim.abandon() => return Err(self.busy().into()),
            Err(_) => receiver.await,
        };
        match done {
            Ok(Ok(Some(result))) => result,
            Ok(Ok(None)) | Err(_) => Err(self.busy().into()),
            Ok(Err(panic)) => resume_unwind(panic),
        }
    }

    /// Whether this process wrote that revision of the file with that `storeId`. One whose write failed is nobody's, and may
    /// be a sibling's later.
    pub fn has_written(&self, store_id: &str, revision: u64) -> bool {
        self.0.own().contains(store_id, revision)
    }

    /// The secret in `field` of `account`, opened; `None` when there is none. The first call in a process may take
    /// Argon2's time.
    ///
    /// # Errors
    ///
    /// [`KeyError`]: no key, the wrong one, or this one entry damaged.
    pub fn open_secret(
        &self,
        state: &State,
        account: &StoredAccount,
        field: SecretField,
    ) -> Result<Option<Secret<String>>, KeyError> {
        sealing::open(state, account, field, &self.0.keyring)
    }

    /// What is known about the file's key without deriving it.
    pub fn key_state(&self, state: &State) -> KeyState {
        self.0.keyring.state(state.seal.as_ref())
    }

    /// Finds out whether there is a key for the file. May take Argon2's time, and that of whoever writes into a pipe.
    pub fn try_key(&self, state: &State) {
        if let Some(seal) = &state.seal {
            // [`Store::key_state`] says it from now on.
            let _ = self.0.keyring.unlock(seal);
        }
    }

    /// Waits for the key where it comes out of a pipe; under the lock of the file nobody does.
    pub fn await_key(&self) {
        self.0.keyring.wait();
    }

    /// The lock `kind` of `id` in the `.cam` folder, if no process has it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] or [`StoreError::Foreign`]: nobody can have it, because there is no place for it.
    pub fn try_lock(&self, kind: &str, id: &str) -> Result<Option<NamedLock>, StoreError> {
        let places = self.0.places();
        places.make_folder()?;
        let path = lock::named(&places.folder, kind, id);
        NamedLock::attempt(&path).map_err(StoreError::io("lock", &path))
    }

    /// Waits for the lock `kind` of `id`, blocking the thread. Whoever holds it may wait for the file's lock, never the other way round.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] or [`StoreError::Foreign`].
    pub fn wait_for_lock(&self, kind: &str, id: &str) -> Result<NamedLock, StoreError> {
        let places = self.0.places();
        places.make_folder()?;
        let path = lock::named(&places.folder, kind, id);
        NamedLock::acquire(&path).map_err(StoreError::io("lock", &path))
    }

    /// What the holder of the lock `kind` of `id` left in it with [`NamedLock::sign`]; `None` when nobody holds it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] or [`StoreError::Foreign`].
    pub fn note_of_holder(&self, kind: &str, id: &str) -> Result<Option<serde_json::Value>, StoreError> {
        if self.try_lock(kind, id)?.is_some() {
            return Ok(None);
        }
        let note = crate::files::read_if_there(&lock::named(&self.folder(), kind, id), format::MAX_FILE_BYTES)
            .unwrap_or_default()
            .unwrap_or_default();
        Ok(Some(serde_json::from_slice(&note).unwrap_or_default()))
    }

    /// Moves the accounts file to `<name>.reset-<ms>`, as it is, readable or not; `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`], [`StoreError::Foreign`]; [`StoreError::Busy`] when another process holds the lock.
    pub async fn reset(&self) -> Result<Option<PathBuf>, StoreError> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let (inner, deadline) = (Arc::clone(&self.0), clock::instant() + self.0.patience);
        let job = move || {
            let _ = sender.send(inner.move_away(deadline));
        };
        self.0.worker.run(Box::new(job)).map_err(StoreError::io("start a thread for", &self.path()))?;
        match tokio::time::timeout(self.0.patience, receiver).await {
            Ok(Ok(Some(done))) => done,
            Ok(Ok(None) | Err(_)) | Err(_) => Err(self.busy()),
        }
    }

    /// What a person has to know; each warning is returned once.
    pub fn take_warnings(&self) -> Vec<StoreWarning> {
        std::mem::take(&mut self.0.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn busy(&self) -> StoreError {
        StoreError::Busy { holder: holder::holder(&self.0.places().lock) }
    }
}

impl Inner {
    /// `None` when the lock came too late.
    fn move_away(&self, deadline: std::time::Instant) -> Option<Result<Option<PathBuf>, StoreError>> {
        let lock = match self.lock() {
            Ok(lock) => lock,
            Err(error) => return Some(Err(error)),
        };
        let moved = (clock::instant() < deadline).then(|| self.places().move_away(self.clock.now().as_millis()));
        drop(lock);
        moved
    }

    /// Where everything is. For the holder of the lock it does not change.
    fn places(&self) -> Arc<replace::Places> {
        self.whereabouts.known()
    }

    /// Takes the lock of the file, where the file is now: all that a change touches is beside it.
    fn lock(&self) -> Result<lock::FileLock, StoreError> {
        loop {
            let places = self.whereabouts.now();
            places.make_folder()?;
            let lock = lock::FileLock::acquire(&places.lock)?;
            if self.whereabouts.now().file == places.file {
                return Ok(lock);
            }
        }
    }

    fn cache(&self) -> MutexGuard<'_, changes::Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn own(&self) -> MutexGuard<'_, own::Revisions> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn warn(&self, warning: StoreWarning) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }

    fn random_id(&self) -> Result<String, StoreError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|error| StoreError::io("make an id for", &self.places().file)(error.into()))?;
        Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Store").field(&self.path()).finish()
    }
}

#[cfg(test)]
mod tests;
