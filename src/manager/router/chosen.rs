//! What this process chose: where it began, the account in use for each family, conversation and limited model, and what
//! follows from the next choice. Pure: the pool, the request and the time are arguments.

use std::collections::BTreeMap;

use super::RouteRequest;
use super::turns::Turns;
use crate::domain::account::{AccountId, Kind, ModelFamily};
use crate::domain::pool::Pool;
use crate::domain::report::SessionKind;
use crate::domain::routing::Strategy;
use crate::domain::routing::conversation::Conversations;
use crate::domain::routing::decision::{Choice, Why};
use crate::domain::routing::eligibility::is_limited_for_model;
use crate::domain::time::Timestamp;

/// A model that no family is known for is a family of its own; a client that makes names up must not let the
/// session's record grow without end.
const MOST_FAMILIES: usize = 64;

/// So many models that left the account of their family are remembered; a client that makes names up must not fill the
/// memory.
const MOST_MODELS: usize = 64;

/// Where a session is, as its record says it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Whereabouts {
    /// Where it started.
    pub start: Option<AccountId>,
    /// Whether that was apart from the active account on purpose.
    pub shifted: bool,
    /// The account in use for each family.
    pub current: BTreeMap<ModelFamily, AccountId>,
}

/// From where a process chooses the account for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standpoint {
    /// The account in use.
    pub current: Option<usize>,
    /// Where `round_robin` begins.
    pub begin: usize,
    /// Where it goes on.
    pub turns: Turns,
}

/// What follows from a choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Move {
    /// The family is on another account: siblings have to know.
    pub is_new: bool,
    /// People have to know that requests go to the chosen account, and which one was used before.
    pub notice: Option<Option<AccountId>>,
}

/// What one process chose.
#[derive(Default)]
pub struct Chosen {
    /// What the process is, and its pid.
    kind: SessionKind,
    pid: u32,
    whereabouts: Whereabouts,
    /// The accounts of models whose own limit keeps them from the account of their family: only their requests move, and
    /// they stay together on another account until the limit is over.
    aside: BTreeMap<(ModelFamily, String), AccountId>,
    last_used: Option<AccountId>,
    turns: Turns,
    /// The accounts of a stand-alone proxy's conversations.
    conversations: Conversations,
}

impl Chosen {
    /// Nothing yet, in a process of this kind with this pid.
    pub fn new(kind: SessionKind, pid: u32) -> Chosen {
        Chosen { kind, pid, ..Chosen::default() }
    }

    /// The session starts here, unless it started already.
    pub fn begin_at(&mut self, start: Option<AccountId>, shifted: bool) {
        if self.whereabouts.start.is_none() {
            self.whereabouts.start = start;
            self.whereabouts.shifted = shifted;
        }
    }

    /// A person switched all families to this account.
    pub fn switched_to(&mut self, account: AccountId) {
        self.last_used = Some(account);
    }

    /// Where the session is.
    pub fn whereabouts(&self) -> &Whereabouts {
        &self.whereabouts
    }

    /// The account that was used last, or where the session started.
    pub fn last_used(&self) -> Option<&AccountId> {
        self.last_used.as_ref().or(self.whereabouts.start.as_ref())
    }

    /// From where the process chooses for a request.
    pub fn standpoint(&mut self, pool: &Pool, request: &RouteRequest, now: Timestamp) -> Standpoint {
        let current = match self.kind {
            SessionKind::Sidecar | SessionKind::Run => self.in_use(pool, request, now),
            SessionKind::Proxy => request
                .conversation
                .and_then(|key| self.conversations.account(key, &request.family))
                .and_then(|id| pool.position(id)),
        };
        let start = self.whereabouts.start.as_ref().and_then(|id| pool.position(id));
        let begin = start.unwrap_or_else(|| self.own_offset(pool));
        Standpoint { current, begin, turns: self.turns }
    }

    /// Each process begins at its own offset among what it may use, so that siblings share fairly.
    fn own_offset(&self, pool: &Pool) -> usize {
        let pid = self.pid as usize;
        if pool.allowed.is_all() {
            return pid % pool.members.len().max(1);
        }
        let allowed = || (0..pool.members.len()).filter(|position| pool.members[*position].allowed);
        allowed().nth(pid % allowed().count().max(1)).unwrap_or_default()
    }

    /// The account in use for `family`: the one used last, or where the session begins it.
    pub fn current(&self, pool: &Pool, family: &ModelFamily) -> Option<usize> {
        let Whereabouts { start, shifted, current } = &self.whereabouts;
        if let Some(position) = current.get(family).and_then(|id| pool.position(id)) {
            return Some(position);
        }
        let start = start.as_ref().and_then(|id| pool.position(id));
        if *shifted {
            return start;
        }
        // A lone session begins each family where the file says; its start account stands in for an active one
        // that was not usable.
        let named = pool.active_by_family.get(family.as_str()).copied();
        let named = named.filter(|position| *position < pool.members.len());
        let differs = named.filter(|position| *position != pool.active);
        differs.or(start).or(named)
    }

    /// The account in use for the request: that of its family, or of its model while only that is limited there.
    fn in_use(&self, pool: &Pool, request: &RouteRequest, now: Timestamp) -> Option<usize> {
        let current = self.current(pool, &request.family)?;
        if self.aside.is_empty() || !is_limited_for_model(&pool.members[current], &request.demand(), now) {
            return Some(current);
        }
        let model = request.model.clone()?;
        let aside = self.aside.get(&(request.family.clone(), model)).and_then(|id| pool.position(id));
        Some(aside.unwrap_or(current))
    }

    /// The request goes to the chosen account: the session, or the conversation, is there from now on.
    pub fn take(
        &mut self,
        pool: &Pool,
        request: &RouteRequest,
        choice: Choice,
        strategy: Strategy,
        now: Timestamp,
    ) -> Move {
        // What a request is bound to says nothing of where the session is, and neither does what a login cannot do.
        if choice.why == Why::Bound {
            return Move::default();
        }
        let member = &pool.members[choice.position];
        let is_for_a_key = request.needs_api_key || (request.prefers_api_key && member.kind == Kind::ApiKey);
        self.turns.chose(is_for_a_key, choice.position, pool.members.len());
        let known = self.whereabouts.current.get(&request.family);
        let is_on_a_login = || {
            let position = known.and_then(|id| pool.position(id));
            position.is_some_and(|position| pool.members[position].kind == Kind::ChatGpt)
        };
        if is_for_a_key && is_on_a_login() {
            return Move::default();
        }
        let keeps = strategy.rule().keeps_an_account;
        // A stand-alone proxy keeps an account for each conversation, of which the file knows nothing.
        let follows = keeps && self.kind != SessionKind::Proxy;
        // Where every request goes elsewhere the first account alone is written to the file.
        let is_other = known != Some(&member.id) && (follows || known.is_none());
        let is_new = is_other && (known.is_some() || self.whereabouts.current.len() < MOST_FAMILIES);
        if follows && let Some((stays_on, is_new_aside)) = self.keep_aside(pool, request, &member.id, now) {
            return Move { is_new: false, notice: is_new_aside.then_some(Some(stays_on)) };
        }
        if is_new {
            self.whereabouts.current.insert(request.family.clone(), member.id.clone());
        }
        if let (SessionKind::Proxy, Some(key)) = (self.kind, request.conversation) {
            self.conversations.remember(key, &request.family, member.id.clone());
        }
        let before = self.last_used.replace(member.id.clone());
        let is_noticed =
            before.as_ref() != Some(&member.id) && (keeps || before.is_none() || choice.why == Why::Failover);
        Move { is_new, notice: is_noticed.then_some(before) }
    }

    /// Remembers that the request's model is served by `account` for now, where only that model has left the account of its
    /// family. `None` where the session itself moves, else the account that it stays on and whether the model is new on
    /// `account`.
    fn keep_aside(
        &mut self,
        pool: &Pool,
        request: &RouteRequest,
        account: &AccountId,
        now: Timestamp,
    ) -> Option<(AccountId, bool)> {
        let stays = &pool.members[self.current(pool, &request.family)?];
        if stays.id == *account || !is_limited_for_model(stays, &request.demand(), now) {
            return None;
        }
        let key = (request.family.clone(), request.model.clone()?);
        if !self.aside.contains_key(&key) {
            // Accounts come and go while a process lives.
            self.aside.retain(|_, id| pool.position(id).is_some());
            if self.aside.len() >= MOST_MODELS {
                self.aside.pop_first();
            }
        }
        let before = self.aside.insert(key, account.clone());
        Some((stays.id.clone(), before.as_ref() != Some(account)))
    }
}

#[cfg(test)]
mod tests;
