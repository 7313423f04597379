//! This process among its siblings: its record in the file, where it starts, its end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::json;

use crate::domain::account::AccountId;
use crate::domain::plain_text::bounded;
use crate::domain::report::{AccountName, SessionKind, SessionReport};
use crate::domain::routing::starting_account::{Newcomer, Start, starting_account};
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::manager::Manager;
use crate::manager::accounts::names::name;
use crate::manager::session::event::{Event, Level, Notice};
use crate::store::{self, Creation, SessionLock, SessionRecord, State, Transaction};

/// How long an editor waits for the file's lock before `initialize` is answered; after it the session starts
/// without a record and gets one as soon as the lock is free. Only a stopped holder keeps the lock that long.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long the answer to `shutdown` waits for a token that is on its way to the disk. The process itself stays for longer.
pub const LATEST_SHUTDOWN: Duration = Duration::from_millis(9_300);

/// How long the end waits for the ledger to take what it was given.
const LAST_ENTRIES: Duration = Duration::from_millis(700);

/// How often a process looks whether the file or its configuration moved.
const TICK: Duration = Duration::from_secs(1);

/// Characters of a program's name. Clients give themselves any.
const LONGEST_PROGRAM: usize = 64;

/// Characters of a folder's path, a little below what systems allow.
const LONGEST_FOLDER: usize = 1024;

impl Manager {
    /// Writes this process's record and chooses where it starts. It goes on without a record when the file
    /// cannot be read or written; that is told as a notice.
    pub async fn join(self: &Arc<Manager>) {
        if let Some(text) = self.apart() {
            self.warn(text);
        }
        let announced: Arc<Announced> = Arc::default();
        let registering = tokio::spawn(register(Arc::clone(self), Creation::Allowed, Arc::clone(&announced)));
        let patience = match self.identity.kind {
            SessionKind::Sidecar => PATIENCE,
            // Nobody waits for an answer: the store's own limit will do.
            SessionKind::Run | SessionKind::Proxy => Duration::MAX,
        };
        if tokio::time::timeout(patience, registering).await.is_err() {
            let start = self.start_without_record();
            announced.say(start);
            self.begin_at(start, &self.view().state);
        }
    }

    fn start_without_record(&self) -> Option<Start> {
        let view = self.view();
        let others = view.state.sessions.iter().filter(|session| counts(session)).count();
        self.starting_account(&view.state, others)
    }

    fn starting_account(&self, state: &State, others: usize) -> Option<Start> {
        let pool = self.pool(state, &self.memory());
        let newcomer = Newcomer { pid: self.identity.pid, others, spread: self.config().pid_offset() };
        match self.identity.kind {
            SessionKind::Sidecar | SessionKind::Run => starting_account(&pool, newcomer, self.clock.now()),
            SessionKind::Proxy => None,
        }
    }

    fn begin_at(&self, start: Option<Start>, state: &State) {
        let mut memory = self.memory();
        if memory.start.is_none() {
            memory.start = start.and_then(|start| Some(AccountId::new(state.accounts.get(start.position)?.id.clone())));
            memory.shifted = start.is_some_and(|start| start.shifted);
        }
    }

    /// Where this session started, if the account is still there.
    pub fn start_account(&self) -> Option<AccountName> {
        let start = self.memory().start.clone()?;
        account_name(&self.view().state, &start)
    }

    /// Every session that is alive. Records of dead ones are cleared on the way, where the file can be written.
    pub async fn sessions(&self) -> Vec<SessionReport> {
        let reaped = self
            .commit(Creation::Never, |transaction| {
                transaction.reap_dead_sessions();
                Ok(())
            })
            .await;
        if let Err(error) = reaped {
            tracing::debug!("dead sessions were not cleared: {error}");
        }
        let view = self.view();
        view.state.sessions.iter().map(|session| self.session_report(&view.state, session)).collect()
    }

    pub(in crate::manager) fn session_report(&self, state: &State, session: &SessionRecord) -> SessionReport {
        let requests_per_minute = self.memory().usage.requests_per_minute(&session.id);
        SessionReport {
            id: session.id.clone(),
            pid: session.pid,
            kind: match session.kind {
                store::SessionKind::Sidecar => SessionKind::Sidecar,
                store::SessionKind::Run => SessionKind::Run,
                store::SessionKind::Proxy => SessionKind::Proxy,
            },
            port: session.port,
            started_at: Timestamp(session.started_at),
            start_account: session
                .start_account
                .as_ref()
                .and_then(|id| account_name(state, &AccountId::new(id.clone()))),
            accounts: session
                .accounts
                .iter()
                .map(|(family, id)| {
                    (crate::domain::account::ModelFamily::named(family.as_str()), AccountId::new(id.clone()))
                })
                .collect(),
            program: session.program.as_deref().and_then(|program| bounded(program, LONGEST_PROGRAM)),
            folder: session.folder.as_deref().and_then(|folder| bounded(folder, LONGEST_FOLDER)),
            requests_per_minute,
            pins: self.pins_of(state, session),
            is_self: session.id == self.identity.id,
        }
    }

    /// Looks every second whether the file or the configuration moved, for as long as the manager is alive.
    pub fn watch(self: &Arc<Manager>) {
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(TICK);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                let Some(manager) = weak.upgrade().filter(|manager| !manager.left.load(Ordering::Relaxed)) else {
                    return;
                };
                // A fault in one look must not be the last of all looks.
                if AssertUnwindSafe(follow(manager)).catch_unwind().await.is_err() {
                    tracing::error!("watching the files failed because of a bug in this program; please report it");
                }
            }
        });
    }

    /// [`Manager::leave`] within `patience`; it goes on all the same. Whether it was done in time.
    pub async fn leave_within(self: &Arc<Self>, patience: Duration) -> bool {
        let manager = Arc::clone(self);
        let leaving = tokio::spawn(async move { manager.leave().await });
        tokio::time::timeout(patience, leaving).await.is_ok()
    }

    /// Until every write that is on its way was made.
    pub async fn settled(&self) {
        self.tasks.drained().await;
    }

    /// Takes this process's record away, after every write that is on its way. A token that is on its way to the disk is
    /// not waited for: [`Manager::rotated`] is.
    pub async fn leave(&self) {
        self.left.store(true, Ordering::SeqCst);
        self.tasks.drained().await;
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        let id = self.identity.id.clone();
        let leaving = self.commit(Creation::Never, move |transaction| {
            transaction.state.sessions.retain(|session| session.id != id);
            if let Some(lock) = &lock {
                transaction.release_session(lock);
            }
            Ok(())
        });
        let (left, _) = tokio::join!(leaving, tokio::time::timeout(LAST_ENTRIES, self.ledger().flush()));
        if let Err(error) = left {
            tracing::debug!("another session will remove this session's record: {error}");
        }
    }
}

/// All names of an account.
fn account_name(state: &State, id: &AccountId) -> Option<AccountName> {
    let position = state.position(id.as_str())?;
    let label = name(state, position);
    Some(AccountName { id: id.clone(), index: position + 1, label })
}

/// Where this machine reaches what listens at `ip`.
pub fn reached_at(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// Where the session was said to start, in case the answer could not wait for the file's lock.
#[derive(Default)]
struct Announced(OnceLock<Option<Start>>);

impl Announced {
    fn say(&self, start: Option<Start>) {
        // Said once; what was chosen under the lock meanwhile stands.
        let _ = self.0.set(start);
    }

    fn said(&self, choose: impl FnOnce() -> Option<Start>) -> Option<Start> {
        *self.0.get_or_init(choose)
    }
}

/// Whether a session counts among those that start apart.
fn counts(session: &SessionRecord) -> bool {
    match session.kind {
        store::SessionKind::Sidecar | store::SessionKind::Run => true,
        store::SessionKind::Proxy => false,
    }
}

/// Looks whether the file or the configuration moved.
async fn follow(manager: Arc<Manager>) {
    manager.follow_config();
    manager.tell_network_warnings();
    let view = manager.view();
    manager.look_for_an_older_copy().await;
    let here = !view.state.store_id.is_empty();
    if here && (view.state.session(&manager.identity.id).is_none() || manager.is_hidden()) {
        // Of a file that was removed and is there again: siblings join it. Or others take this session for dead, because the
        // folder of the locks was removed.
        register(manager, Creation::Never, Arc::default()).await;
    } else if here {
        manager.keep_pins(&view);
    }
}

async fn register(manager: Arc<Manager>, creation: Creation, announced: Arc<Announced>) {
    let inside = Arc::clone(&manager);
    let joined = manager.commit(creation, move |transaction| inside.enter(transaction, &announced)).await;
    match joined {
        Ok(lock) => {
            *manager.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
            manager.memory().unregistered = None;
        }
        Err(error) => {
            manager.report_unregistered(&error);
            let start = manager.start_without_record();
            manager.begin_at(start, &manager.view().state);
        }
    }
}

impl Manager {
    /// Whether the lock that says that this session lives is not where others look for it.
    fn is_hidden(&self) -> bool {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        lock.as_ref().is_some_and(|lock| !lock.is_in_place())
    }

    /// Reports that this session has no record, when that is new: it is tried again every second.
    fn report_unregistered(&self, error: &Error) {
        let known = self.memory().unregistered.replace(error.kind);
        if known == Some(error.kind) {
            tracing::debug!("this session still has no record in the accounts file: {error}");
            return;
        }
        tracing::warn!("this session has no record in the accounts file: {error}");
        // Of two states that alternate each is known soon.
        let key = format!("unregistered {:?}", error.kind);
        if !self.memory().may_notify(&key, self.clock.now(), self.config().toast_debounce()) {
            return;
        }
        let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        let text = format!("Accounts: {error}{hint}");
        self.emit(Event::Notice(Notice { level: Level::Error, text }));
    }

    /// Under the file's lock: clears dead siblings, chooses where to start, takes the kernel lock that says that
    /// this process is alive, and writes the record.
    fn enter(&self, transaction: &mut Transaction<'_>, announced: &Announced) -> Result<SessionLock, Error> {
        transaction.reap_dead_sessions();
        let identity = &self.identity;
        transaction.state.sessions.retain(|session| session.id != identity.id);
        let others = transaction.state.sessions.iter().filter(|session| counts(session)).count();
        let start = announced.said(|| self.starting_account(&transaction.state, others));
        // One of a file that was removed since; its name is ours to take again.
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        let private = json!({
            "pid": identity.pid,
            "host": reached_at(identity.host),
            "port": identity.port,
            "rpcToken": identity.rpc_token.expose(),
        });
        let lock = transaction.claim_session(&identity.id, &private)?;
        self.begin_at(start, &transaction.state);
        let memory = self.memory();
        transaction.state.sessions.push(SessionRecord {
            id: identity.id.clone(),
            pid: identity.pid,
            kind: match identity.kind {
                SessionKind::Sidecar => store::SessionKind::Sidecar,
                SessionKind::Run => store::SessionKind::Run,
                SessionKind::Proxy => store::SessionKind::Proxy,
            },
            port: identity.port,
            started_at: identity.started_at.as_millis(),
            start_account: memory.start.as_ref().map(ToString::to_string),
            shifted: memory.shifted,
            accounts: memory.current.iter().map(|(family, id)| (family.to_string(), id.to_string())).collect(),
            program: identity.program.as_deref().and_then(|program| bounded(program, LONGEST_PROGRAM)),
            folder: identity.folder.as_deref().and_then(|folder| bounded(folder, LONGEST_FOLDER)),
            pins: memory.pins.stored(),
            ..SessionRecord::default()
        });
        Ok(lock)
    }
}
