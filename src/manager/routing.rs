//! The way of a request: which account, and what its attempt proved.

use std::convert::Infallible;
use std::sync::{Arc, PoisonError};

use super::event::{Event, Selected};
use super::memory::Memory;
use super::pool;
use super::view::View;
use super::{Manager, remember};
use crate::domain::account::{AccountId, Kind, ModelFamily};
use crate::domain::base_url::BaseUrl;
use crate::domain::pool::Pool;
use crate::domain::routing::decision::{Choice, Decision, Exhausted, Why};
use crate::domain::routing::eligibility::is_usable;
use crate::domain::routing::{Ask, choose};
use crate::domain::time::Timestamp;
use crate::store::{Creation, ProbeLock, SecretField, State};
use crate::upstream::credential::Credential;

/// A model that no family is known for is a family of its own; a client that makes names up must not let the
/// session's record grow without end.
const MOST_FAMILIES: usize = 64;

/// What a request asks for, and what was tried for it already.
#[derive(Debug)]
pub struct RouteRequest {
    /// The request.
    pub request_id: String,
    /// The model it names.
    pub model: Option<String>,
    /// Its family.
    pub family: ModelFamily,
    /// Accounts that are out for this request.
    pub tried: Vec<AccountId>,
    /// 1 for the first account that is tried.
    pub attempt: u32,
}

/// The account for an attempt, with what it takes to use it.
#[derive(Debug)]
pub struct Route {
    /// The account.
    pub account: AccountId,
    /// What it takes to use it.
    pub target: Arc<Target>,
    /// Held while this is the machine's one probe of the account; dropped with the route.
    probe: Option<ProbeLock>,
}

impl Route {
    /// Whether this is the machine's one probe of the account.
    pub fn is_probe(&self) -> bool {
        self.probe.is_some()
    }
}

/// What it takes to use an account; made once for each state of the file.
#[derive(Debug)]
pub struct Target {
    /// How people call it.
    pub label: String,
    /// Where its requests go.
    pub base_url: BaseUrl,
    /// What they authenticate with.
    pub credential: Credential,
}

/// Why no account can be had.
#[derive(Debug)]
pub enum Refusal {
    /// There is none at all; the sentence says how to add one, or why the file cannot be read.
    NoAccounts(String),
    /// None can serve.
    Exhausted(Exhausted),
}

impl Manager {
    /// Chooses the account for the next attempt.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with each account's reasons.
    pub fn route(&self, request: &RouteRequest) -> Result<Route, Refusal> {
        let mut out = Vec::new();
        loop {
            let view = self.view();
            if view.pool.members.is_empty() {
                let unreadable = self.memory().store_error.clone();
                return Err(Refusal::NoAccounts(unreadable.unwrap_or_else(|| {
                    "there is no account yet; add one with `codex-account-manager add LABEL`".to_owned()
                })));
            }
            let excluded: Vec<usize> =
                request.tried.iter().chain(&out).filter_map(|id| view.pool.position(id)).collect();
            let choice = match self.decide(&view, request, &excluded) {
                Decision::Use(choice) => choice,
                Decision::Exhausted(exhausted) => {
                    self.notice_exhausted(&view.pool, &exhausted);
                    return Err(Refusal::Exhausted(exhausted));
                }
            };
            let id = view.pool.members[choice.position].id.clone();
            let probe = if choice.probe { self.store.try_probe(id.as_str()) } else { None };
            if choice.probe && probe.is_none() {
                out.push(id);
                continue;
            }
            match self.route_to(&view, &id, probe) {
                Some(route) => {
                    self.selected(&view, request, choice, &route);
                    return Ok(route);
                }
                None => out.push(id),
            }
        }
    }

    fn decide(&self, view: &View, request: &RouteRequest, excluded: &[usize]) -> Decision {
        let (pinned, current) = {
            let memory = self.memory();
            let position = |id: AccountId| view.pool.position(&id);
            let pinned = memory.pins.effective(view.state.pin.as_ref(), Some(&request.family)).and_then(position);
            (pinned, current(&memory, &view.pool, &request.family))
        };
        let ask = Ask { current, pinned, excluded, ..Ask::new(request.model.as_deref(), &request.family) };
        choose(&view.pool, &ask, self.strategy(), self.clock.now())
    }

    /// Opens the account's key. One that does not open takes the account out, not the request.
    fn route_to(&self, view: &View, id: &AccountId, probe: Option<ProbeLock>) -> Option<Route> {
        let position = view.state.position(id.as_str())?;
        let target = match view.targets[position].get() {
            Some(target) => Arc::clone(target),
            None => {
                let opened = Arc::new(self.open_target(view, position)?);
                Arc::clone(view.targets[position].get_or_init(|| opened))
            }
        };
        Some(Route { account: id.clone(), target, probe })
    }

    fn open_target(&self, view: &View, position: usize) -> Option<Target> {
        let account = &view.state.accounts[position];
        let opened = match self.store.open_secret(&view.state, account, SecretField::ApiKey) {
            Ok(opened) => opened,
            Err(error) => {
                tracing::warn!("account {}: {error}", position + 1);
                None
            }
        };
        let (Some(api_key), Some(base_url)) = (opened, self.base_url(account)) else {
            let mut memory = self.memory();
            memory.unopened.insert(AccountId::new(account.id.clone()));
            memory.touch();
            return None;
        };
        Some(Target {
            label: pool::label(account, position),
            base_url,
            credential: Credential {
                api_key,
                organization: account.organization.clone(),
                project: account.project.clone(),
            },
        })
    }

    fn selected(&self, view: &View, request: &RouteRequest, choice: Choice, route: &Route) {
        let (before, is_new) = {
            let mut memory = self.memory();
            let known = memory.current.get(&request.family);
            let is_new = known != Some(&route.account) && (known.is_some() || memory.current.len() < MOST_FAMILIES);
            if is_new {
                memory.current.insert(request.family.clone(), route.account.clone());
            }
            let last = memory.last_used.replace(route.account.clone());
            (last, is_new)
        };
        if is_new {
            self.write_current(request.family.clone(), route.account.clone());
        }
        if before.as_ref() != Some(&route.account) {
            self.notice_account(&view.pool, choice, request, before.as_ref());
        }
        if self.events.receiver_count() == 0 {
            return;
        }
        self.emit(Event::Selected(Selected {
            request_id: request.request_id.clone(),
            account: route.account.clone(),
            index: choice.position + 1,
            label: route.target.label.clone(),
            model: request.model.clone(),
            family: request.family.clone(),
            attempt: request.attempt,
            why: choice.why,
        }));
    }

    /// Tells siblings which account this session uses for the family now.
    fn write_current(&self, family: ModelFamily, account: AccountId) {
        let id = self.identity.id.clone();
        let change = move |state: &mut State, now: Timestamp| {
            if let Some(session) = state.session_mut(&id) {
                session.accounts.insert(family.to_string(), account.to_string());
            }
            if let Some(stored) = state.account_mut(account.as_str()) {
                stored.last_used = Some(now.as_millis());
            }
        };
        self.write_later(change, |_| {});
    }

    /// A change that no request waits for. Once it is on disk `written` may forget what stood in for it; when it
    /// cannot be written, serving goes on from memory.
    pub(super) fn write_later(
        &self,
        change: impl FnOnce(&mut State, Timestamp) + Send + 'static,
        written: impl FnOnce(&mut Memory) + Send + 'static,
    ) {
        let own = Arc::clone(&self.own_revisions);
        let memory = Arc::clone(&self.memory);
        let store = self.store.clone();
        self.tasks.spawn(async move {
            let result = store
                .update(Creation::Never, move |transaction| {
                    let now = transaction.now();
                    change(&mut transaction.state, now);
                    let next = transaction.state.revision.saturating_add(1);
                    remember(&own, next);
                    Ok::<(), Infallible>(())
                })
                .await;
            match result {
                Ok(()) => {
                    let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
                    written(&mut memory);
                    memory.touch();
                }
                Err(error) => tracing::warn!("serving goes on from memory: {error}"),
            }
        });
    }

    /// How many accounts can serve some model now.
    pub fn available(&self) -> usize {
        let (view, now) = (self.view(), self.clock.now());
        view.pool.members.iter().filter(|member| is_usable(member, now)).count()
    }
}

/// The account in use for `family`: the one used last, or where the session begins it.
pub(super) fn current(memory: &Memory, pool: &Pool, family: &ModelFamily) -> Option<usize> {
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

/// Whether `kind` of account is served.
pub(super) fn is_served(kind: Kind) -> bool {
    match kind {
        Kind::ApiKey => true,
        Kind::ChatGpt => false,
    }
}

/// Whether a choice says that another account could not serve.
pub(super) fn is_failover(why: Why) -> bool {
    match why {
        Why::Failover => true,
        Why::Bound
        | Why::Pinned
        | Why::Sticky
        | Why::First
        | Why::RoundRobin
        | Why::LeastUtilized
        | Why::Priority
        | Why::Hybrid => false,
    }
}
