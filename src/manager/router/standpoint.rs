//! From where a process chooses the account for a request: what a person pinned, what is in use, where it began.

use super::{RouteRequest, aside};
use crate::domain::account::AccountId;
use crate::domain::account::ModelFamily;
use crate::domain::pool::Pool;
use crate::domain::report::SessionKind;
use crate::manager::Manager;
use crate::manager::accounts::View;
use crate::manager::memory::Memory;

/// From where a process chooses.
pub struct Standpoint {
    /// The account that a person switched to.
    pub pinned: Option<usize>,
    /// The account in use.
    pub current: Option<usize>,
    /// Where `round_robin` begins.
    pub begin: usize,
}

impl Manager {
    /// From where this process chooses for a request.
    pub(super) fn standpoint(&self, memory: &mut Memory, view: &View, request: &RouteRequest) -> Standpoint {
        let position = |id: AccountId| view.pool.position(&id);
        let pinned = self.accounts.pins().effective(view.state.pin.as_ref(), Some(&request.family)).and_then(position);
        let current = match self.identity.kind {
            SessionKind::Sidecar | SessionKind::Run => aside::in_use(memory, &view.pool, request, self.clock.now()),
            SessionKind::Proxy => request
                .conversation
                .and_then(|key| memory.conversations.account(key, &request.family).cloned())
                .and_then(|id| view.pool.position(&id)),
        };
        // Each process begins at its own offset, so that siblings share fairly.
        let start = memory.start.as_ref().and_then(|id| view.pool.position(id));
        let begin = start.unwrap_or(self.identity.pid as usize % view.pool.members.len().max(1));
        Standpoint { pinned, current, begin }
    }
}

/// The account in use for `family`: the one used last, or where the session begins it.
pub fn current(memory: &Memory, pool: &Pool, family: &ModelFamily) -> Option<usize> {
    if let Some(position) = memory.current.get(family).and_then(|id| pool.position(id)) {
        return Some(position);
    }
    let start = memory.start.as_ref().and_then(|id| pool.position(id));
    if memory.shifted {
        return start;
    }
    // A lone session begins each family where the file says; its start account stands in for an active one
    // that was not usable.
    let named = pool.active_by_family.get(family.as_str()).copied().filter(|position| *position < pool.members.len());
    let differs = named.filter(|position| *position != pool.active);
    differs.or(start).or(named)
}
