//! This session's record in the accounts file, and the kernel lock that shows its siblings that it is alive.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use super::Session;
use super::alive::TOKEN;
use super::event::Level;
use super::identity::reached_at;
use crate::domain::plain_text::bounded;
use crate::error::{Error, ErrorKind};
use crate::store::{SessionLock, SessionRecord, State, Transaction};

/// Characters of a program's name. Clients give themselves any.
pub const LONGEST_PROGRAM: usize = 64;

/// Characters of a folder's path, a little below what systems allow.
pub const LONGEST_FOLDER: usize = 1024;

/// Whether this session has a record, and whether it has left for good.
#[derive(Default)]
pub(super) struct Registration {
    status: Mutex<Status>,
    /// The record was taken away for good; a tick must not write it again.
    has_left: AtomicBool,
}

#[derive(Default)]
struct Status {
    lock: Option<SessionLock>,
    /// Why there is no record, as it was last reported.
    unregistered: Option<ErrorKind>,
}

impl Registration {
    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Under the file's lock: takes the kernel lock that says that this process is alive, and writes the record, which `fill`
    /// completes.
    ///
    /// # Errors
    ///
    /// Why the lock cannot be had.
    pub fn enter(
        &self,
        transaction: &mut Transaction<'_>,
        fill: impl FnOnce(&State, &mut SessionRecord),
    ) -> Result<SessionLock, Error> {
        let identity = self.identity();
        transaction.state.sessions.retain(|session| session.id != identity.id);
        // One of a file that was removed since; its name is ours to take again.
        drop(self.take_lock());
        let private = json!({
            "pid": identity.pid,
            "host": reached_at(identity.host),
            "port": identity.port,
            TOKEN: identity.rpc_token.expose(),
        });
        let lock = transaction.claim_session(&identity.id, &private)?;
        let mut record = SessionRecord {
            id: identity.id.clone(),
            pid: identity.pid,
            kind: identity.kind,
            port: identity.port,
            started_at: identity.started_at.as_millis(),
            program: identity.program.as_deref().and_then(|program| bounded(program, LONGEST_PROGRAM)),
            folder: identity.folder.as_deref().and_then(|folder| bounded(folder, LONGEST_FOLDER)),
            ..SessionRecord::default()
        };
        fill(&transaction.state, &mut record);
        transaction.state.sessions.push(record);
        Ok(lock)
    }

    /// The record is in the file.
    pub fn registered(&self, lock: SessionLock) {
        let mut status = self.registration.status();
        status.lock = Some(lock);
        status.unregistered = None;
    }

    /// Reports that this session has no record, when that is new: it is tried again every second.
    pub fn report_unregistered(&self, error: &Error) {
        let known = self.registration.status().unregistered.replace(error.kind);
        if known == Some(error.kind) {
            tracing::debug!("this session still has no record in the accounts file: {error}");
            return;
        }
        tracing::warn!("this session has no record in the accounts file: {error}");
        // Of two states that alternate each is known soon.
        self.notice_once(
            Level::Error,
            &format!("unregistered {:?}", error.kind),
            format!("Accounts: {}", error.with_hint()),
        );
    }

    /// Whether the lock that says that this session lives is not where others look for it.
    pub fn is_hidden(&self) -> bool {
        self.registration.status().lock.as_ref().is_some_and(|lock| !self.store.shows(lock))
    }

    /// Gives the kernel lock away.
    pub fn take_lock(&self) -> Option<SessionLock> {
        self.registration.status().lock.take()
    }

    /// From now on this session is over.
    pub fn begin_to_leave(&self) {
        self.registration.has_left.store(true, Ordering::SeqCst);
    }

    /// Whether it is over.
    pub fn has_left(&self) -> bool {
        self.registration.has_left.load(Ordering::SeqCst)
    }
}
