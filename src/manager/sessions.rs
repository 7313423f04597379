//! The sessions as people see them.

use super::Manager;
use super::accounts::names::name;
use super::session::{LONGEST_FOLDER, LONGEST_PROGRAM};
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::plain_text::bounded;
use crate::domain::report::{AccountName, SessionKind, SessionReport};
use crate::domain::time::Timestamp;
use crate::store::{self, Creation, SessionRecord, State, StoredAccount};

impl Manager {
    /// Where this session started, if the account is still there.
    pub fn start_account(&self) -> Option<AccountName> {
        let start = self.router.chosen().whereabouts().start.clone()?;
        account_name(&self.accounts.view().state, &start)
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
        view.state.sessions.iter().map(|session| self.session_report(&view.state, session)).collect()
    }

    fn session_report(&self, state: &State, session: &SessionRecord) -> SessionReport {
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
                .map(|(family, id)| (ModelFamily::named(family.as_str()), AccountId::new(id.clone())))
                .collect(),
            program: session.program.as_deref().and_then(|program| bounded(program, LONGEST_PROGRAM)),
            folder: session.folder.as_deref().and_then(|folder| bounded(folder, LONGEST_FOLDER)),
            requests_per_minute,
            pins: self.accounts.pins_of(state, session),
            is_self: session.id == self.session.identity().id,
        }
    }

    /// Every session whose process runs, in the order of the file. Unlike [`Manager::sessions`] it clears no record of a
    /// dead one. One `stat`, and three system calls a session.
    pub fn live_sessions(&self) -> Vec<SessionReport> {
        let view = self.accounts.view();
        let alive = view.state.sessions.iter().filter(|session| self.accounts.store().is_alive(&session.id));
        alive.map(|session| self.session_report(&view.state, session)).collect()
    }

    /// The sessions that use `account` and whose process runs.
    pub(super) fn sessions_on(&self, state: &State, account: &StoredAccount) -> Vec<(String, u32)> {
        let uses = |session: &&SessionRecord| {
            if session.accounts.is_empty() {
                session.start_account.as_ref() == Some(&account.id)
            } else {
                session.accounts.values().any(|id| *id == account.id)
            }
        };
        let using = state.sessions.iter().filter(uses).filter(|session| self.accounts.store().is_alive(&session.id));
        using.map(|session| (session.id.clone(), session.pid)).collect()
    }
}

/// All names of an account.
fn account_name(state: &State, id: &AccountId) -> Option<AccountName> {
    let position = state.position(id.as_str())?;
    let label = name(state, position);
    Some(AccountName { id: id.clone(), index: position + 1, label })
}
