//! The life of a session from its first record to its end: it joins its siblings, follows the files, and leaves.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt;

use super::Manager;
use super::accounts::View;
use super::accounts::confined::{confined, recorded, shares};
use super::accounts::pool::uses;
use super::router::Whereabouts;
use super::session::{Given, LONGEST_FOLDER, LONGEST_PROGRAM, Session};
use crate::background;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::plain_text::bounded;
use crate::domain::report::{AccountName, AccountSetReport, SessionKind, SessionReport};
use crate::domain::routing::starting_account::{Newcomer, Start, starting_account};
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::store::{Creation, SessionLock, SessionRecord, State, Transaction};

/// How long an editor waits for the file's lock before `initialize` is answered; after it the session starts
/// without a record and gets one as soon as the lock is free. Only a stopped holder keeps the lock that long.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long the answer to `shutdown` waits for a token that is on its way to the disk. The process itself stays for longer.
pub const LATEST_SHUTDOWN: Duration = Duration::from_millis(9_300);

/// How long the end waits for the ledger to take what it was given.
const LAST_ENTRIES: Duration = Duration::from_millis(700);

/// How often a process checks whether the file or its configuration was changed.
const TICK: Duration = Duration::from_secs(1);

impl Manager {
    /// Writes this process's record and chooses where it starts. It goes on without a record when the file
    /// cannot be read or written; a notice says so.
    pub async fn join(self: &Arc<Manager>) {
        if let Some(text) = self.session.apart() {
            self.session.warn(text);
        }
        let announced: Arc<Announced> = Arc::default();
        let registering = background::spawn(register(Arc::clone(self), Creation::Allowed, Arc::clone(&announced)));
        let patience = match self.session.identity().kind {
            SessionKind::Sidecar => PATIENCE,
            // Nobody waits for an answer: the store's own limit will do.
            SessionKind::Run | SessionKind::Proxy => Duration::MAX,
        };
        if tokio::time::timeout(patience, registering).await.is_err() {
            let start = self.start_without_record();
            // What was chosen under the lock meanwhile stands.
            let _ = announced.set(start);
            self.begin_at(start, &self.accounts.view().state);
        }
    }

    fn start_without_record(&self) -> Option<Start> {
        let view = self.accounts.view();
        self.starting_account(&view.state)
    }

    fn starting_account(&self, state: &State) -> Option<Start> {
        let identity = self.session.identity();
        if !starts_apart(identity.kind) {
            return None;
        }
        let pool = self.accounts.pool(state);
        let is_beside = |session: &&SessionRecord| {
            session.id != identity.id && starts_apart(session.kind) && shares(session, &pool.allowed)
        };
        let newcomer = Newcomer {
            pid: identity.pid,
            others: state.sessions.iter().filter(is_beside).count(),
            spread: self.session.config().pid_offset(),
            confined: &confined(state, &identity.id),
        };
        starting_account(&pool, newcomer, self.session.now())
    }

    fn begin_at(&self, start: Option<Start>, state: &State) {
        let account = start.and_then(|start| Some(AccountId::new(state.accounts.get(start.position)?.id.clone())));
        self.router.chosen().begin_at(account, start.is_some_and(|start| start.shifted));
    }

    /// Under the file's lock: clears dead siblings, chooses where to start, and enters this session.
    fn enter(&self, transaction: &mut Transaction<'_>, announced: &Announced) -> Result<SessionLock, Error> {
        transaction.reap_dead_sessions();
        let start = *announced.get_or_init(|| self.starting_account(&transaction.state));
        self.session.enter(transaction, |state, record| {
            self.begin_at(start, state);
            let Whereabouts { start, shifted, current } = self.router.chosen().whereabouts().clone();
            record.start_account = start.as_ref().map(ToString::to_string);
            record.shifted = shifted;
            record.accounts = current.iter().map(|(family, id)| (family.to_string(), id.to_string())).collect();
            record.pins = self.accounts.pins().clone();
            if !self.session.standing().bounds.is_open() {
                record.allowed = recorded(&self.accounts.pool(state));
            }
        })
    }

    /// Where this session started, if the account is still there.
    pub fn start_account(&self) -> Option<AccountName> {
        let start = self.router.chosen().whereabouts().start.clone()?;
        account_name(&self.accounts.view(), &start)
    }

    /// Every session that is alive. Records of dead ones are cleared on the way, where the file can be written.
    pub async fn sessions(&self) -> Vec<SessionReport> {
        let reaped = self
            .accounts
            .commit(Creation::Never, |transaction| {
                transaction.reap_dead_sessions();
                Ok(())
            })
            .await;
        if let Err(error) = reaped {
            tracing::debug!("dead sessions were not cleared: {error}");
        }
        let view = self.accounts.view();
        view.state.sessions.iter().map(|session| self.session_report(&view, session)).collect()
    }

    fn session_report(&self, view: &View, session: &SessionRecord) -> SessionReport {
        let requests_per_minute = self.books.requests_per_minute(&session.id);
        SessionReport {
            id: session.id.clone(),
            pid: session.pid,
            kind: session.kind,
            port: session.port,
            started_at: Timestamp(session.started_at),
            start_account: session
                .start_account
                .as_ref()
                .and_then(|id| account_name(view, &AccountId::new(id.clone()))),
            accounts: session
                .accounts
                .iter()
                .map(|(family, id)| (ModelFamily::named(family.as_str()), AccountId::new(id.clone())))
                .collect(),
            program: session.program.as_deref().and_then(|program| bounded(program, LONGEST_PROGRAM)),
            folder: session.folder.as_deref().and_then(|folder| bounded(folder, LONGEST_FOLDER)),
            requests_per_minute,
            pins: self.accounts.pins_of(view, session),
            account_set: session.allowed.as_ref().map(AccountSetReport::from),
            is_self: session.id == self.session.identity().id,
        }
    }

    /// Every session whose process runs, in the order of the file. Unlike [`Manager::sessions`] it clears no record of a
    /// dead one. One `stat`, and three system calls a session.
    pub fn live_sessions(&self) -> Vec<SessionReport> {
        let view = self.accounts.view();
        let alive = view.state.sessions.iter().filter(|session| self.accounts.store().is_alive(&session.id));
        alive.map(|session| self.session_report(&view, session)).collect()
    }

    /// The sessions that use `account` and whose process runs.
    pub(super) fn sessions_on(&self, state: &State, account: &str) -> Vec<(String, u32)> {
        let is_alive = |session: &&SessionRecord| self.accounts.store().is_alive(&session.id);
        let using = state.sessions.iter().filter(|session| uses(session, account)).filter(is_alive);
        using.map(|session| (session.id.clone(), session.pid)).collect()
    }

    /// Reports what of the proxy's and the certificates' variables cannot be used, each once.
    pub fn report_network_warnings(&self) {
        self.upstream.network().take_warnings().into_iter().for_each(|text| self.session().warn(text));
    }

    /// Checks every second whether the file or the configuration was changed, for as long as the manager is alive.
    pub fn watch(self: &Arc<Manager>) {
        let weak = Arc::downgrade(self);
        background::spawn(async move {
            let mut tick = tokio::time::interval(TICK);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                let Some(manager) = weak.upgrade().filter(|manager| !manager.session.has_left()) else {
                    return;
                };
                // A fault in one check must not end all of them.
                if AssertUnwindSafe(follow(manager)).catch_unwind().await.is_err() {
                    tracing::error!("watching the files failed because of a bug in this program; please report it");
                }
            }
        });
    }

    /// Looks again at what this session may use, where something of it was changed.
    pub async fn follow_project(&self) {
        if !self.session.is_project_still() {
            self.beside_requests(Session::follow_project).await;
        }
    }

    /// From now on the session works elsewhere, or something else narrows it. That holds at once; what follows for folders that
    /// were not seen before is looked up behind it.
    pub fn change_project(self: &Arc<Self>, change: impl FnOnce(&mut Given)) {
        self.session.change_project(change);
        let manager = Arc::clone(self);
        background::spawn(async move { manager.beside_requests(Session::look_at_project).await });
    }

    /// Lets `look` wait for a disk and for `git`.
    async fn beside_requests(&self, look: impl FnOnce(&Session) + Send + 'static) {
        let session = Arc::clone(&self.session);
        if background::spawn_blocking(move || look(&session)).await.is_err() {
            tracing::error!("looking at the project failed because of a bug in this program; please report it");
        }
    }

    /// [`Manager::leave`] within `patience`; it goes on all the same. Whether it was done in time.
    pub async fn leave_within(self: &Arc<Self>, patience: Duration) -> bool {
        let manager = Arc::clone(self);
        let leaving = background::spawn(async move { manager.leave().await });
        tokio::time::timeout(patience, leaving).await.is_ok()
    }

    /// Until every write that is on its way was made.
    pub async fn settled(&self) {
        self.session.tasks().drained().await;
    }

    /// Takes this process's record away, after every write that is on its way. A token that is on its way to the disk is
    /// not waited for: the tokens' own end is.
    pub async fn leave(&self) {
        self.session.begin_to_leave();
        self.session.tasks().drained().await;
        let lock = self.session.take_lock();
        let id = self.session.identity().id.clone();
        let leaving = self.accounts.commit(Creation::Never, move |transaction| {
            transaction.state.sessions.retain(|session| session.id != id);
            if let Some(lock) = &lock {
                transaction.release_session(lock);
            }
            Ok(())
        });
        let (left, _) = tokio::join!(leaving, tokio::time::timeout(LAST_ENTRIES, self.books.ledger().flush()));
        if let Err(error) = left {
            tracing::debug!("another session will remove this session's record: {error}");
        }
    }
}

/// Where the session was said to start, in case the answer could not wait for the file's lock.
type Announced = OnceLock<Option<Start>>;

/// Whether a session of this kind is one of those that start apart.
fn starts_apart(kind: SessionKind) -> bool {
    match kind {
        SessionKind::Sidecar | SessionKind::Run => true,
        SessionKind::Proxy => false,
    }
}

/// Checks whether the file or the configuration was changed.
async fn follow(manager: Arc<Manager>) {
    manager.session.follow_config();
    // It may take a while, and all the others go on.
    let looking = Arc::clone(&manager);
    background::spawn(async move { looking.follow_project().await });
    manager.report_network_warnings();
    let view = manager.accounts.view();
    manager.accounts.look_for_an_older_copy().await;
    if !view.pool.members.is_empty() {
        manager.session.report_nothing_left(&view.pool.allowed);
    }
    let here = !view.state.store_id.is_empty();
    if here && (view.state.session(&manager.session.identity().id).is_none() || manager.session.is_hidden()) {
        // Of a file that was removed and is there again: siblings join it. Or others take this session for dead, because the
        // folder of the locks was removed.
        register(manager, Creation::Never, Arc::default()).await;
    } else if here {
        manager.accounts.keep_pins(&view);
        manager.accounts.keep_allowed(&view);
    }
}

async fn register(manager: Arc<Manager>, creation: Creation, announced: Arc<Announced>) {
    let inside = Arc::clone(&manager);
    let joined = manager.accounts.commit(creation, move |transaction| inside.enter(transaction, &announced)).await;
    match joined {
        Ok(lock) => manager.session.registered(lock),
        Err(error) => {
            manager.session.report_unregistered(&error);
            let start = manager.start_without_record();
            manager.begin_at(start, &manager.accounts.view().state);
        }
    }
}

/// All names of an account.
fn account_name(view: &View, id: &AccountId) -> Option<AccountName> {
    let position = view.pool.position(id)?;
    let label = view.pool.members[position].label.clone();
    Some(AccountName { id: id.clone(), index: position + 1, label })
}
