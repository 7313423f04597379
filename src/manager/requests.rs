//! The way of a request to its account: what has to be known first, which account it is, and to whom the choice is reported.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::accounts::View;
use super::accounts::pool::{has_limit, spending_limits};
use super::belief::{Known, Observation, Shared};
use super::budgets::{last, note_purses};
use super::router::notices::{self, Notice};
use super::router::{self, Bound, Refusal, Route, RouteRequest, Standpoint};
use super::session::event::{Event, Selected};
use super::{FIRST_ACCOUNT, Manager};
use crate::clock;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::allowed::Allowed;
use crate::domain::base_url::BaseUrl;
use crate::domain::health::Gate;
use crate::domain::health::condition::Effect;
use crate::domain::pool::Member;
use crate::domain::routing::conversation::ConversationKey;
use crate::domain::routing::decision::{Choice, Decision, Exhausted};
use crate::domain::routing::eligibility::can_serve;
use crate::domain::routing::load::Load;
use crate::domain::routing::{Ask, choose};
use crate::domain::time::Timestamp;
use crate::domain::usage::{Budget, Purse, Spent, Usd};
use crate::ledger::{Question, Standing};
use crate::store::{NamedLock, State};

/// A ledger that is slower is not waited for: a request goes on with what is known.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

impl Manager {
    /// The accounts that a request may use which comes now with the key of the proxy that is called `key`. What holds in a folder that was
    /// just opened is waited for.
    pub async fn admitted_to(&self, key: Option<&str>) -> Arc<Allowed> {
        self.session.project_was_read().await;
        self.accounts.allowed_to(key)
    }

    /// Asks the ledger what has to be known before a request is routed: what siblings know, when that is older than a
    /// second; the spending of accounts that have a limit, always; and who owns what the request names, once.
    pub async fn consult(&self, request: &mut RouteRequest) {
        self.session.project_was_read().await;
        let view = self.accounts.tried_view().await;
        note_allowed(request, &view);
        let budgets = self.budgets(request.key.as_deref());
        note_purses(request, &budgets);
        let (mut owners_of, mut owners) = (Vec::new(), HashMap::new());
        if request.attempt == 1 {
            owners_of.extend_from_slice(&request.resources);
            owners_of.extend_from_slice(&request.reasoning.marks);
            // A key's upstream is asked with whatever ids there are.
            if view.has_logins() && !request.needs_api_key {
                let ids = request.item_ids.ids();
                owners = self.router.owners_of(ids.iter());
                // A long conversation names each of its items, most of which this process saw.
                owners_of.extend(ids.iter().filter(|id| !owners.contains_key(*id)).cloned());
            }
        }
        if !owners_of.is_empty() {
            owners.extend(self.router.owners_of(owners_of.iter()));
        }
        // What the ledger says comes first: it knows the first owner.
        owners.extend(self.ask(&view, &budgets, owners_of).await);
        if !owners.is_empty() {
            request.bound = Bound::among(&request.resources, &owners);
            request.item_ids.note(&owners);
            let marks: HashSet<&String> = request.reasoning.marks.iter().collect();
            owners.retain(|id, _| marks.contains(id));
            request.reasoning.owners = owners;
        }
        // The answer may have changed the pool.
        request.seen = Some(if view.is_of(self.session.changes()) { view } else { self.accounts.view() });
    }

    /// Asks the ledger, if what is known is older than a second or something else is to be known. Returns who owns what.
    pub(super) async fn ask(
        &self,
        view: &View,
        budgets: &[Budget],
        owners_of: Vec<String>,
    ) -> HashMap<String, AccountId> {
        let spending_of: Vec<AccountId> = view.limited().map(|account| AccountId::new(account.id.clone())).collect();
        let limited = budgets.iter().filter(|budget| budget.has_limit());
        let purses: Vec<Purse> = limited.map(|budget| budget.purse.clone()).collect();
        let (now, spending_matters) = (clock::instant(), !spending_of.is_empty() || !purses.is_empty());
        let begun = self.belief.lock().siblings.ask_if_due(spending_matters, !owners_of.is_empty(), now);
        let Some(since) = begun else { return HashMap::new() };
        let mut asked = Asked { manager: self, since, answer: None };
        let question = Question { spending_of, purses, owners_of };
        let answer = tokio::time::timeout(PATIENCE, self.books.ledger().standing(question)).await;
        self.report_ledger_warnings();
        match answer {
            Ok(Ok(Standing { conditions, rates, breakers, owners, is_behind, .. })) => {
                asked.answer = Some((Shared { conditions, rates, breakers }, is_behind));
                owners
            }
            Ok(Err(error)) => {
                tracing::debug!("the ledger does not answer: {error}");
                HashMap::new()
            }
            Err(_) => HashMap::new(),
        }
    }

    /// Notes which accounts have spent what they may, and until when they are out.
    pub(super) fn note_spending(&self) {
        let (view, now, clock) = (self.accounts.view(), self.session.now(), self.session.clock());
        let (mut spending, mut over) = (HashMap::new(), HashMap::new());
        for account in view.limited() {
            let id = AccountId::new(account.id.clone());
            let spent: Spent = self.books.ledger().spent(&id);
            let limits = spending_limits(account);
            let reached =
                |limit: Option<f64>, spent: Usd| limit.and_then(Usd::from_usd).is_some_and(|limit| spent >= limit);
            let day = reached(limits.daily, spent.today).then(|| clock.day_ends(now));
            let month = reached(limits.monthly, spent.month).then(|| clock.month_ends(now));
            over.extend(day.max(month).map(|until| (id.clone(), until)));
            spending.insert(id, spent);
        }
        self.belief.lock().siblings.note_spending(spending, over);
    }

    /// Chooses the account for the next attempt.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with each account's reasons.
    pub fn route(&self, request: &RouteRequest) -> Result<Route, Refusal> {
        let mut out = Vec::new();
        let mut seen = request.seen.clone();
        loop {
            let view = seen.take().unwrap_or_else(|| self.accounts.view());
            if view.pool.members.is_empty() {
                // It names files of the server.
                let hidden = || "the accounts cannot be read; the proxy's owner finds more with `doctor`".to_owned();
                let unreadable = self.accounts.unreadable();
                let unreadable = unreadable.map(|why| if request.key.is_some() { hidden() } else { why });
                return Err(Refusal::NoAccounts(
                    unreadable.unwrap_or_else(|| format!("there is no account yet; {FIRST_ACCOUNT}")),
                ));
            }
            let bound = match request.bound_position(&view.pool) {
                Ok(bound) => bound,
                Err(bound) => return Err(Refusal::Bound(Box::new(bound), None)),
            };
            let excluded: Vec<usize> =
                request.tried.iter().map(|(id, _)| id).chain(&out).filter_map(|id| view.pool.position(id)).collect();
            let choice = match self.decide(&view, request, bound, &excluded) {
                Decision::Use(choice) => choice,
                Decision::Exhausted(exhausted) => {
                    let overspent = last(self.overspent(&self.budgets(request.key.as_deref())));
                    let exhausted = exhausted.with_tried(&request.tried, self.session.now()).with_overspent(overspent);
                    if request.bound.is_none() {
                        self.notify(notices::exhausted(&view.pool, request, &exhausted, self.session.now()));
                    }
                    let told = request.told(&view.pool, exhausted);
                    return Err(match &request.bound {
                        Some(bound) => Refusal::Bound(Box::new(bound.clone()), Some(told)),
                        None => Refusal::Exhausted(told),
                    });
                }
            };
            match self.route_to(&view, request, choice) {
                Some(route) => {
                    self.selected(&view, request, choice, &route);
                    return Ok(route);
                }
                None => out.push(view.pool.members[choice.position].id.clone()),
            }
        }
    }

    pub(super) fn report_ledger_warnings(&self) {
        self.books.ledger().take_warnings().into_iter().for_each(|text| self.session.warn(text));
    }

    pub(super) fn decide(
        &self,
        view: &View,
        request: &RouteRequest,
        bound: Option<usize>,
        excluded: &[usize],
    ) -> Decision {
        let (strategy, now) = (self.session.strategy(), self.session.now());
        let pinned = self.pinned(view, &request.family);
        let Standpoint { current, begin, turns } = self.router.chosen().standpoint(&view.pool, request, now);
        let spent_until = self.spent_until(&self.overspent(&self.budgets(request.key.as_deref())));
        let within = request.allowed_in(&view.pool);
        let mut belief = strategy.rule().weighs_load.then(|| self.belief.lock());
        let loads = belief.as_mut().map_or(&[][..], |belief| loads(belief, view, now));
        let decision = |needs_api_key| {
            let ask = Ask {
                needs_api_key,
                client_version: request.client_version,
                current,
                pinned,
                bound,
                open: request.open.as_ref().and_then(|id| view.pool.position(id)),
                excluded,
                within: within.as_deref(),
                spent_until,
                loads,
                turn: turns.next(needs_api_key).unwrap_or(begin),
                ..Ask::new(request.model.as_deref(), &request.family)
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

    /// The account that a person switched the family to.
    pub(super) fn pinned(&self, view: &View, family: &ModelFamily) -> Option<usize> {
        let pinned = self.accounts.pins().effective(view.state.pin.as_ref(), Some(family), &view.pool.allowed)?;
        view.pool.position(&pinned)
    }

    /// The locks of the probes that the choice is: of the account, of its host, or of both. `None` when a sibling has
    /// one of them. Where no lock can be had, on a disk that takes no file, the probe goes without: an account that
    /// nobody may probe would stay out for ever.
    pub(super) fn probes(&self, view: &View, choice: Choice) -> Option<Vec<NamedLock>> {
        if !choice.probe {
            return Some(Vec::new());
        }
        let (id, account) = (&view.pool.members[choice.position].id, &view.state.accounts[choice.position]);
        let (settings, now) = (self.session.config().breaker(), self.session.now());
        let base_url = self.accounts.base_url(account);
        let host = base_url.as_ref().map(BaseUrl::authority);
        let [own, of_host] = self.belief.lock().siblings.breakers().gates(id, host, settings, now);
        let probed_host = host.filter(|_| of_host != Gate::Closed);
        let is_own = own != Gate::Closed || probed_host.is_none();
        let wanted = [probed_host.map(|host| ("probe-host", host)), is_own.then(|| ("probe", id.as_str()))];
        let mut probes = Vec::new();
        for (kind, id) in wanted.into_iter().flatten() {
            match self.accounts.store().try_lock(kind, id) {
                Ok(lock) => probes.push(lock?),
                Err(error) => tracing::warn!("a probe goes without its lock: {}", error.with_hint()),
            }
        }
        Some(probes)
    }

    /// Opens the chosen account's key. One that does not open, or that a sibling probes, takes the account out, not the
    /// request.
    fn route_to(&self, view: &View, request: &RouteRequest, choice: Choice) -> Option<Route> {
        let probes = self.probes(view, choice)?;
        let target = self.accounts.target(view, choice.position)?;
        let account = view.pool.members[choice.position].id.clone();
        // All that come before it is over would take the same account.
        let took_place = self.session.strategy().rule().weighs_load;
        if took_place {
            let at = self.session.now();
            self.belief.lock().siblings.observe(Observation::Effect(account.clone(), Effect::Began, at));
            self.books.ledger().began(account.clone(), at);
        }
        let has_limit = self.is_limited(view, choice.position, request);
        Some(Route { account, target, why: choice.why, has_limit, took_place, probes })
    }

    fn selected(&self, view: &View, request: &RouteRequest, choice: Choice, route: &Route) {
        let strategy = self.session.strategy();
        let moved = self.router.chosen().take(&view.pool, request, choice, strategy, self.session.now());
        if moved.is_new {
            self.write_current(request.family.clone(), route.account.clone());
        }
        if let Some(before) = moved.notice {
            self.notify(notices::switched(&view.pool, choice, request, before.as_ref(), self.session.now()));
        }
        let (index, why) = (choice.position + 1, choice.why.name());
        tracing::info!("request {}, attempt {}: account {index}, {why}", request.request_id, request.attempt);
        if !self.session.has_listeners() {
            return;
        }
        self.session.emit(Event::Selected(Selected {
            request_id: request.request_id.clone(),
            account: route.account.clone(),
            index,
            label: route.target.label.clone(),
            model: request.model.clone(),
            family: request.family.clone(),
            attempt: request.attempt,
            why: choice.why,
            strategy,
            key: request.key.clone(),
        }));
    }

    /// Writes for siblings which account this session uses for the family now.
    fn write_current(&self, family: ModelFamily, account: AccountId) {
        let id = self.session.identity().id.clone();
        let change = move |state: &mut State, now: Timestamp| {
            if let Some(session) = state.session_mut(&id) {
                session.accounts.insert(family.to_string(), account.to_string());
            }
            if let Some(stored) = state.account_mut(account.as_str()) {
                stored.last_used = Some(now.as_millis());
            }
        };
        self.accounts.write_soon(change);
    }

    /// Waits until an account is free for the request, if it may: `waited` says how often it did already. `false` when it may
    /// not, or somebody cancelled the wait.
    pub async fn wait_for_room(&self, request: &RouteRequest, exhausted: &Exhausted, waited: u32) -> bool {
        let Some(until) = exhausted.available_at.filter(|_| exhausted.rate_limited) else { return false };
        let is_free = || async {
            // A limit in USD may have been raised, or its day be over.
            self.ask(&self.accounts.view(), &self.budgets(request.key.as_deref()), Vec::new()).await;
            self.could_serve(request)
        };
        self.books.wait(&request.request_id, &request.family, until, waited, is_free).await
    }

    /// Whether an account is free, and not for a probe that somebody else has.
    fn could_serve(&self, request: &RouteRequest) -> bool {
        let view = self.accounts.view();
        let bound = request.bound.as_ref().and_then(|bound| view.pool.position(&bound.account));
        match self.decide(&view, request, bound, &[]) {
            Decision::Use(choice) => self.probes(&view, choice).is_some(),
            Decision::Exhausted(_) => false,
        }
    }

    fn notify(&self, Notice { level, key, text }: Notice) {
        self.session.notify(level, &key, text);
    }

    /// Whether the request may use the account still: rules may have changed while it waited.
    pub fn may_still_use(&self, request: &RouteRequest, account: &AccountId) -> bool {
        request.may_use(&self.accounts.view().pool, account)
    }

    /// Whether a spending limit is over what the request takes of the account, by now.
    pub fn has_limit_over(&self, request: &RouteRequest, account: &AccountId) -> bool {
        let view = self.accounts.view();
        view.pool.position(account).is_some_and(|position| self.is_limited(&view, position, request))
    }

    fn is_limited(&self, view: &View, position: usize, request: &RouteRequest) -> bool {
        has_limit(&view.state.accounts[position]) || self.budgets(request.key.as_deref()).iter().any(Budget::has_limit)
    }

    /// Whether an account beside `but` can serve the request now.
    pub fn has_others(&self, request: &RouteRequest, but: &AccountId) -> bool {
        let (view, now) = (self.accounts.view(), self.session.now());
        let may_serve = |member: &Member| {
            member.id != *but && !request.has_tried(&member.id) && can_serve(member, &request.demand(), now)
        };
        request.bound.is_none() && view.pool.members.iter().any(may_serve)
    }

    /// What a login's backend calls the conversation, as [`router::conversation_id`] makes it.
    pub fn conversation_id(&self, key: ConversationKey) -> String {
        // The view that was taken last will do: a file keeps its id.
        let view = self.accounts.last_view().unwrap_or_else(|| self.accounts.view());
        router::conversation_id(&view.state.store_id, key)
    }
}

/// A question on its way. A request that is cancelled meanwhile ends it too.
struct Asked<'m> {
    manager: &'m Manager,
    since: u64,
    /// What is known, and whether it is behind.
    answer: Option<(Shared, bool)>,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let (answer, is_behind) = self.answer.take().map_or((None, false), |(answer, behind)| (Some(answer), behind));
        self.manager.belief.lock().siblings.end_question(self.since, answer, is_behind);
        self.manager.note_spending();
    }
}

/// Notes which accounts the request may use, which is never widened, where that was not noted when it came.
fn note_allowed(request: &mut RouteRequest, view: &View) {
    request.within.get_or_insert_with(|| view.pool.allowed_to(request.key.as_deref()));
}

/// How much of each account is used up, in the order of the pool.
pub(super) fn loads<'b>(belief: &'b mut Known, view: &View, now: Timestamp) -> &'b [Load] {
    let limits = view.state.accounts.iter().map(|account| spending_limits(account));
    belief.siblings.loads(view.pool.members.iter().zip(limits), now)
}
