//! The way of a request: which account, and what its attempt proved.

pub(super) mod aside;
mod conversation_id;
pub mod item_ids;
pub(super) mod made;
pub mod reasoning;
mod route;
mod sockets;
mod standpoint;
pub mod turn_state;

use std::sync::{Arc, PoisonError};

use super::accounts::View;
use super::accounts::pool::has_limit;
pub use super::accounts::{Target, Written, all_written};
use super::memory::Memory;
use super::session::event::{Event, Selected};
use super::tokens::WithoutToken;
use super::{FIRST_ACCOUNT, Manager};
use crate::domain::account::{AccountId, Kind, ModelFamily};
use crate::domain::base_url::BaseUrl;
use crate::domain::health::Gate;
use crate::domain::pool::Member;
use crate::domain::report::SessionKind;
use crate::domain::routing::conversation::conversation_key;
use crate::domain::routing::decision::{Choice, Decision, Explanation, Why};
use crate::domain::routing::eligibility::{can_serve, is_usable};
use crate::domain::routing::{Ask, Strategy, choose, explain};
use crate::domain::time::Timestamp;
use crate::secrets::Secret;
use crate::store::{ProbeLock, State};

pub use route::{Bound, Refusal, Route, RouteRequest};

use standpoint::Standpoint;
pub(super) use standpoint::current;

/// A model that no family is known for is a family of its own; a client that makes names up must not let the
/// session's record grow without end.
const MOST_FAMILIES: usize = 64;

impl Manager {
    /// Chooses the account for the next attempt.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with each account's reasons.
    pub fn route(&self, request: &RouteRequest) -> Result<Route, Refusal> {
        let mut out = Vec::new();
        let mut seen = request.seen.clone();
        loop {
            let view = seen.take().unwrap_or_else(|| self.view());
            if view.pool.members.is_empty() {
                let unreadable = self.accounts.unreadable();
                return Err(Refusal::NoAccounts(
                    unreadable.unwrap_or_else(|| format!("there is no account yet; {FIRST_ACCOUNT}")),
                ));
            }
            let bound = match Manager::bound_position(&view, request) {
                Ok(bound) => bound,
                Err(bound) => return Err(Refusal::Bound(Box::new(bound), None)),
            };
            let excluded: Vec<usize> =
                request.tried.iter().map(|(id, _)| id).chain(&out).filter_map(|id| view.pool.position(id)).collect();
            let choice = match self.decide(&view, request, bound, &excluded) {
                Decision::Use(choice) => choice,
                Decision::Exhausted(exhausted) => {
                    let exhausted = exhausted.with_tried(&request.tried, self.clock.now());
                    return Err(match &request.bound {
                        Some(bound) => Refusal::Bound(Box::new(bound.clone()), Some(exhausted)),
                        None => {
                            self.notice_exhausted(&view.pool, &exhausted);
                            Refusal::Exhausted(exhausted)
                        }
                    });
                }
            };
            let id = view.pool.members[choice.position].id.clone();
            let Some(probes) = self.probes(&view, choice) else {
                out.push(id);
                continue;
            };
            match self.route_to(&view, &id, choice.why, probes) {
                Some(route) => {
                    self.selected(&view, request, choice, &route);
                    return Ok(route);
                }
                None => out.push(id),
            }
        }
    }

    /// The position of the account that the request is bound to.
    fn bound_position(view: &View, request: &RouteRequest) -> Result<Option<usize>, Bound> {
        let Some(bound) = &request.bound else { return Ok(None) };
        match view.pool.position(&bound.account) {
            Some(position) if bound.torn.is_none() => Ok(Some(position)),
            _ => Err(bound.clone()),
        }
    }

    /// The locks of the probes that the choice is: of the account, of its host, or of both. `None` when a sibling has
    /// one of them. Where no lock can be had, on a disk that takes no file, the probe goes without: an account that
    /// nobody may probe would stay out for ever.
    pub(super) fn probes(&self, view: &View, choice: Choice) -> Option<Vec<ProbeLock>> {
        if !choice.probe {
            return Some(Vec::new());
        }
        let (id, account) = (&view.pool.members[choice.position].id, &view.state.accounts[choice.position]);
        let (settings, now) = (self.config().breaker(), self.clock.now());
        let base_url = self.accounts.base_url(account);
        let host = base_url.as_ref().map(BaseUrl::authority);
        let [own, of_host] = self.memory().shared.breakers().gates(id, host, settings, now);
        let probed_host = host.filter(|_| of_host != Gate::Closed);
        let is_own = own != Gate::Closed || probed_host.is_none();
        let wanted = [probed_host.map(|host| ("probe-host", host)), is_own.then(|| ("probe", id.as_str()))];
        let mut probes = Vec::new();
        for (kind, id) in wanted.into_iter().flatten() {
            match self.store.try_lock(kind, id) {
                Ok(lock) => probes.push(lock?),
                Err(error) => tracing::warn!("a probe goes without its lock: {error}"),
            }
        }
        Some(probes)
    }

    pub(super) fn decide(
        &self,
        view: &View,
        request: &RouteRequest,
        bound: Option<usize>,
        excluded: &[usize],
    ) -> Decision {
        let (strategy, now) = (self.strategy(), self.clock.now());
        let mut memory = self.memory();
        let Standpoint { pinned, current, begin } = self.standpoint(&mut memory, view, request);
        let turns = memory.turns;
        let loads = if strategy.rule().weighs_load { memory.shared.loads(view, now) } else { &[] };
        let model = request.model.as_deref();
        let decision = |needs_api_key| {
            let ask = Ask {
                needs_api_key,
                client_version: request.client_version,
                current,
                pinned,
                bound,
                open: request.open.as_ref().and_then(|id| view.pool.position(id)),
                excluded,
                loads,
                turn: turns.next(needs_api_key).unwrap_or(begin),
                ..Ask::new(model, &request.family)
            };
            choose(&view.pool, &ask, strategy, now)
        };
        // What a person pinned says more than a preference.
        let has_choice = bound.is_none() && pinned.is_none();
        let preferred = (request.prefers_api_key && has_choice).then(|| decision(true));
        match preferred {
            Some(Decision::Use(choice)) => Decision::Use(choice),
            Some(Decision::Exhausted(_)) | None => decision(request.needs_api_key),
        }
    }

    /// What routing would decide for a request for `model` now, and why not otherwise.
    pub async fn explain(
        &self,
        model: Option<&str>,
        conversation: Option<&str>,
    ) -> (Strategy, ModelFamily, Explanation) {
        let mut request = RouteRequest {
            model: model.map(str::to_owned),
            family: ModelFamily::of(model, &self.families()),
            client_version: self.config().client_version(),
            conversation: conversation.and_then(|key| conversation_key(Some(key), &|_| None, None)),
            ..RouteRequest::default()
        };
        self.consult(&mut request).await;
        let (strategy, now, view) = (self.strategy(), self.clock.now(), self.view());
        let mut memory = self.memory();
        let Standpoint { pinned, current, begin } = self.standpoint(&mut memory, &view, &request);
        let turn = memory.turns.next(request.needs_api_key).unwrap_or(begin);
        let loads = memory.shared.loads(&view, now);
        let client_version = request.client_version;
        let ask = Ask { client_version, current, pinned, loads, turn, ..Ask::new(model, &request.family) };
        let explanation = explain(&view.pool, &ask, strategy, now);
        drop(memory);
        (strategy, request.family, explanation)
    }

    /// Opens the account's key. One that does not open takes the account out, not the request.
    fn route_to(&self, view: &View, id: &AccountId, why: Why, probes: Vec<ProbeLock>) -> Option<Route> {
        let position = view.state.position(id.as_str())?;
        let target = self.accounts.target(view, position)?;
        let took_place = self.strategy().rule().weighs_load;
        if took_place {
            self.take_place(id);
        }
        let has_limit = has_limit(&view.state.accounts[position]);
        Some(Route { account: id.clone(), target, why, has_limit, took_place, probes })
    }

    fn selected(&self, view: &View, request: &RouteRequest, choice: Choice, route: &Route) {
        // What a request is bound to says nothing of where the session is, and neither does what a login cannot do.
        let is_on_a_login = || {
            let current = self.memory().current.get(&request.family).and_then(|id| view.pool.position(id));
            current.is_some_and(|position| view.pool.members[position].kind == Kind::ChatGpt)
        };
        let is_key = view.pool.members[choice.position].kind == Kind::ApiKey;
        let is_for_a_key = request.needs_api_key || (request.prefers_api_key && is_key);
        if choice.why != Why::Bound {
            self.memory().turns.chose(is_for_a_key, choice.position, view.pool.members.len());
        }
        if choice.why != Why::Bound && !(is_for_a_key && is_on_a_login()) {
            self.move_to(view, request, choice, route);
        }
        let (index, why) = (choice.position + 1, choice.why.name());
        tracing::info!("request {}, attempt {}: account {index}, {why}", request.request_id, request.attempt);
        if !self.session.has_listeners() {
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
            strategy: self.strategy(),
        }));
    }

    /// The session, or the conversation, is on the chosen account from now on.
    fn move_to(&self, view: &View, request: &RouteRequest, choice: Choice, route: &Route) {
        let keeps = self.strategy().rule().keeps_an_account;
        if keeps && self.identity.kind != SessionKind::Proxy {
            let kept = aside::keep(&mut self.memory(), &view.pool, request, &route.account, self.clock.now());
            if let Some((stays_on, is_new)) = kept {
                if is_new {
                    self.notice_account(&view.pool, choice, request, Some(&stays_on));
                }
                return;
            }
        }
        let (before, is_new) = {
            let mut memory = self.memory();
            let known = memory.current.get(&request.family);
            // Where every request goes elsewhere the file is told the first account alone.
            // A stand-alone proxy keeps an account for each conversation, of which the file knows nothing.
            let follows = keeps && self.identity.kind != SessionKind::Proxy;
            let is_other = known != Some(&route.account) && (follows || known.is_none());
            let is_new = is_other && (known.is_some() || memory.current.len() < MOST_FAMILIES);
            if is_new {
                memory.current.insert(request.family.clone(), route.account.clone());
            }
            if let (SessionKind::Proxy, Some(key)) = (self.identity.kind, request.conversation) {
                memory.conversations.remember(key, &request.family, route.account.clone());
            }
            let last = memory.last_used.replace(route.account.clone());
            (last, is_new)
        };
        if is_new {
            self.write_current(request.family.clone(), route.account.clone());
        }
        if before.as_ref() != Some(&route.account) && (keeps || before.is_none() || choice.why == Why::Failover) {
            self.notice_account(&view.pool, choice, request, before.as_ref());
        }
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
        drop(self.write_later(change, |_, ()| {}));
    }

    /// A change that no request waits for. Once it is on disk `written`, which gets what `change` found, may forget what
    /// stood in for it.
    pub(super) fn write_later<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut State, Timestamp) -> T + Send + 'static,
        written: impl FnOnce(&mut Memory, T) + Send + 'static,
    ) -> Written {
        let memory = Arc::clone(&self.memory);
        self.accounts.write_later(change, move |found| {
            written(&mut memory.lock().unwrap_or_else(PoisonError::into_inner), found);
        })
    }

    /// The same route with a token that holds. `has_others` says whether another account can be tried.
    ///
    /// # Errors
    ///
    /// Why no token can be had now.
    pub async fn with_token(&self, route: Route, has_others: bool) -> Result<Route, WithoutToken> {
        let target = self.tokens.usable(&route.account, Arc::clone(&route.target), has_others).await?;
        Ok(Route { target, ..route })
    }

    /// The same route with another token than `refused`, which did not hold or is none.
    ///
    /// # Errors
    ///
    /// Why no other token can be had now.
    pub async fn renewed(
        &self,
        route: Route,
        refused: Option<Secret<String>>,
        has_others: bool,
    ) -> Result<Route, WithoutToken> {
        let target = self.tokens.renewed(&route.account, refused, has_others).await?;
        Ok(Route { target, ..route })
    }

    /// Whether an account beside `but` can serve the request now.
    pub fn has_others(&self, request: &RouteRequest, but: &AccountId) -> bool {
        let (view, now) = (self.view(), self.clock.now());
        let may_serve = |member: &Member| {
            member.id != *but && !request.has_tried(&member.id) && can_serve(member, &request.demand(), now)
        };
        request.bound.is_none() && view.pool.members.iter().any(may_serve)
    }

    /// Whether some account is a ChatGPT login.
    pub fn has_logins(&self) -> bool {
        self.view().pool.members.iter().any(|member| member.kind == Kind::ChatGpt)
    }

    /// Whether no account has another provider than OpenAI behind it.
    pub fn serves_openai_alone(&self) -> bool {
        self.view().state.accounts.iter().all(|account| account.base_url.is_none())
    }

    /// How many accounts can serve some model now.
    pub fn available(&self) -> usize {
        let (view, now) = (self.view(), self.clock.now());
        view.pool.members.iter().filter(|member| is_usable(member, now)).count()
    }
}
