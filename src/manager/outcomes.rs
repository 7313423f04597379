//! What an attempt proved, carried out: belief says what follows, and it is written to the accounts file, where siblings see
//! it, and to the ledger. All of it is tied to the credential that the attempt was made with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::Manager;
use super::accounts::credential_mark::CredentialMark;
use super::accounts::{Target, record};
use super::belief::{Attempt, Change, Effects, Observation, QuotaNews, QuotaRule, TokenRefusal};
use super::books::spending::{Learned, Settled, Ticket, elapsed, owned};
use super::router::{Route, RouteRequest, Written};
use super::session::event::Level;
use super::session::words;
use crate::clock;
use crate::domain::account::AccountId;
use crate::domain::health::Outcome;
use crate::domain::health::breakers::BreakerNote;
use crate::domain::health::condition::Effect;
use crate::domain::routing::failover::is_failure;
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::QuotaReport;
use crate::domain::usage::{Asks, Spent, Tier};
use crate::ledger::{Entry, LedgerError, Resource};
use crate::store::State;

/// A ledger that does not take a charge within this time keeps no answer back any longer: with the look before the request
/// that is no more than a second.
const PATIENCE: Duration = Duration::from_millis(700);

/// What was measured of an attempt that is over.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The status of its answer, [`NO_ANSWER`] or [`CLIENT_LEFT`].
    pub status: u16,
    /// When it began.
    pub started: Instant,
}

/// The status of an attempt that got no answer.
pub const NO_ANSWER: u16 = 0;

/// The status of an attempt whose client went away first.
pub const CLIENT_LEFT: u16 = 499;

impl Measured {
    /// Whether the upstream answered, and not that it failed itself.
    fn is_answered(self) -> bool {
        (200..500).contains(&self.status) && self.status != CLIENT_LEFT
    }
}

impl Manager {
    /// Takes in what an attempt proved, unless its account has another credential by now. One that serves is accounted
    /// when its answer is over; the others here. What siblings have to know is on its way to the file then.
    pub fn record(
        &self,
        route: &Route,
        request: &RouteRequest,
        outcome: &Outcome,
        measured: Measured,
    ) -> Option<Written> {
        self.record_charged(route, request, outcome, measured, None)
    }

    /// The same of an attempt that is charged for so many tokens of `input`, although it does not serve.
    pub fn record_charged(
        &self,
        route: &Route,
        request: &RouteRequest,
        outcome: &Outcome,
        measured: Measured,
        input: Option<u64>,
    ) -> Option<Written> {
        let effects = self.believe(route, request, outcome, measured);
        if *outcome != Outcome::Success {
            self.account_for((route, request), measured, (effects.effect, effects.breaker), input);
        } else if effects.breaker.is_some() {
            self.books.ledger().succeeded(route.account.clone(), route.target.base_url.authority().to_owned());
        }
        if let Some(refusal) = effects.token_refused {
            self.warn_refused(route, &refusal);
        }
        effects.change.map(|change| self.write_change(&route.account, route.target.mark, change))
    }

    /// A limit so short that it is waited out: siblings need not know of it.
    pub fn waits_shortly(&self, route: &Route, request: &RouteRequest, measured: Measured) {
        let breaker = self.believe(route, request, &Outcome::PassThrough, measured).breaker;
        self.account_for((route, request), measured, (Some(Effect::RateLimited), breaker), None);
    }

    /// Takes in what a limit proves of another request too, which was no attempt of its own.
    pub fn record_limit_too(&self, route: &Route, request: &RouteRequest, outcome: &Outcome) {
        if matches!(outcome, Outcome::RateLimited { .. }) && self.is_current(route) {
            let (family, model) = (&request.family, request.model.as_deref());
            let limited = self.belief.lock().limited(&route.account, outcome, family, model, self.session.now());
            if let Some(change) = limited {
                drop(self.write_change(&route.account, route.target.mark, change));
            }
        }
    }

    fn believe(&self, route: &Route, request: &RouteRequest, outcome: &Outcome, measured: Measured) -> Effects {
        // What a success disproves is looked up where the pool stands already: it is on the path of every request.
        let view = if *outcome == Outcome::Success { self.accounts.last_view() } else { Some(self.accounts.view()) };
        let position = view.as_ref().and_then(|view| view.pool.position(&route.account));
        let now = self.session.now();
        let attempt = Attempt {
            account: &route.account,
            kind: route.target.kind(),
            member: view.as_ref().zip(position).map(|(view, position)| &view.pool.members[position]),
            host: route.target.base_url.authority(),
            family: &request.family,
            model: request.model.as_deref(),
            client_version: request.client_version,
            began: now.before(clock::instant().duration_since(measured.started)),
            is_answered: measured.is_answered(),
            is_probe: route.is_probe(),
            breaker: is_failure(outcome).then(|| self.session.config().breaker()),
        };
        self.belief.apply(outcome, &attempt, now, || self.is_current(route))
    }

    /// Whether the account has the credential still that the attempt was made with.
    fn is_current(&self, route: &Route) -> bool {
        self.accounts.target_of(&route.account).is_some_and(|target| target.mark == route.target.mark)
    }

    /// Writes a change of the account to the file, for as long as it has the credential of `mark`. Once it is there belief
    /// forgets what stood in for it.
    fn write_change(&self, account: &AccountId, mark: CredentialMark, change: Change) -> Written {
        let (store, belief) = (self.accounts.store().clone(), Arc::clone(&self.belief));
        let (id, change) = (account.clone(), Arc::new(change));
        let (written, is_written) = (id.clone(), Arc::clone(&change));
        let change = move |state: &mut State, now: Timestamp| {
            let position = state.position(id.as_str());
            if let Some(position) = position.filter(|at| mark.is_of(&store, state, &state.accounts[*at])) {
                record::write(&mut state.accounts[position], &change, now);
            }
        };
        self.accounts.write_later(change, move || belief.lock().written(&written, &is_written))
    }

    /// Leaves an attempt that does not serve in the ledger.
    fn account_for(
        &self,
        (route, request): (&Route, &RouteRequest),
        measured: Measured,
        (effect, breaker): (Option<Effect>, Option<BreakerNote>),
        input: Option<u64>,
    ) {
        let mut entry = self.entry(route, request);
        entry.status = measured.status;
        entry.duration_ms = elapsed(measured.started);
        entry.effects.extend(effect);
        entry.breaker = breaker;
        if let Some(input) = input {
            self.books.charge_input(&mut entry, &route.target, input, route.has_limit);
        }
        self.write_entry(entry, &route.target);
    }

    fn warn_refused(&self, route: &Route, refusal: &TokenRefusal) {
        let TokenRefusal { reason, length } = refusal;
        let number = self.accounts.view().pool.position(&route.account).map_or(0, |position| position + 1);
        let text = format!(
            "Account {number} ({}): its token was refused, and so was a new one ({reason}); it is not used for {}",
            route.target.label,
            words::length(*length)
        );
        tracing::warn!("{text}");
        self.session.notice(Level::Warning, text);
    }

    /// Takes in what the headers of an answer report of the account that it came from.
    pub fn note_quota_headers<'n, 'h>(
        &self,
        route: &Route,
        request: &RouteRequest,
        names: impl Iterator<Item = &'n str>,
        header: &dyn Fn(&str) -> Option<&'h str>,
        asked_at: Timestamp,
    ) -> Option<Written> {
        let report = QuotaReport::from_headers(names, header, request.model.as_deref(), self.session.now())?;
        self.open_next_connection(&route.account, &report);
        self.note_quota(&route.account, route.target.mark, report, asked_at)
    }

    /// Takes in what events `codex.rate_limits` report of the account that they came from, which `target` is of.
    pub fn note_quota_events(
        &self,
        account: &AccountId,
        target: &Target,
        events: &[Value],
        asked_at: Timestamp,
    ) -> Vec<Written> {
        let reports = events.iter().filter_map(|event| QuotaReport::from_event(event, self.session.now()));
        let reports = reports.inspect(|report| self.open_next_connection(account, report));
        reports.filter_map(|report| self.note_quota(account, target.mark, report, asked_at)).collect()
    }

    /// Takes in a report of an account's quota, which was asked for at `asked_at`, for as long as the account has the
    /// credential of `mark`.
    pub(super) fn note_quota(
        &self,
        account: &AccountId,
        mark: CredentialMark,
        report: QuotaReport,
        asked_at: Timestamp,
    ) -> Option<Written> {
        let view = self.accounts.view();
        let position = view.state.position(account.as_str())?;
        if self.accounts.target(&view, position)?.mark != mark {
            return None;
        }
        let (stored, now, config) = (&view.state.accounts[position], self.session.now(), self.session.config());
        let news = QuotaNews {
            is_new_plan: report.plan.is_some() && report.plan != stored.plan,
            report,
            asked_at,
            of_file: record::quota(stored, now),
            limited: stored.rate_limit_reset_times.keys().cloned().collect(),
        };
        let rule = QuotaRule { reserve_percent: config.reserve_percent(), uses_credits: config.use_credits() };
        let change = self.belief.lock().note_quota(account, news, rule, now)?;
        Some(self.write_change(account, mark, change))
    }

    /// The beginning of an entry: what is known of an attempt before its answer.
    fn entry(&self, route: &Route, request: &RouteRequest) -> Entry {
        Entry {
            at: self.session.now(),
            request_id: request.request_id.clone(),
            attempt: request.attempt,
            account: route.account.clone(),
            purses: Arc::clone(&request.purses),
            session: self.session.identity().id.clone(),
            model: request.model.clone(),
            family: request.family.clone(),
            endpoint: request.endpoint.clone(),
            host: route.target.base_url.authority().to_owned(),
            status: 0,
            served: false,
            tokens: None,
            tier: Tier::Standard,
            cost: None,
            is_unpriced: false,
            mark: None,
            first_byte_ms: None,
            duration_ms: 0,
            why: route.why.name(),
            effects: if route.took_place { Vec::new() } else { vec![Effect::Began] },
            breaker: None,
            owns: Vec::new(),
            rate_used: None,
        }
    }

    /// The ticket of an attempt that serves, which began at `started`.
    pub fn ticket(&self, route: &Route, request: &RouteRequest, started: Instant) -> Ticket {
        Ticket {
            entry: Box::new(self.entry(route, request)),
            target: Arc::clone(&route.target),
            started,
            is_exact: route.has_limit,
            is_stored: false,
            asks: Asks::ForNew,
            input: None,
        }
    }

    /// What an answer created is its account's, from before the answer is over.
    pub fn note_made(&self, ticket: &Ticket, made: Vec<String>) {
        let made = owned(&ticket.target, made);
        self.remember_made(&ticket.entry.account, &made);
        self.books.ledger().owns(ticket.entry.account.clone(), made, self.session.now());
    }

    /// The next request may name it before the ledger has it.
    fn remember_made(&self, account: &AccountId, made: &[Resource]) {
        self.router.remember_owner(account, made.iter().map(|made| made.id.as_str()));
    }

    /// Accounts an answer that is over.
    pub fn settle(&self, ticket: Ticket, learned: Learned) -> Settled {
        let target = Arc::clone(&ticket.target);
        let entry = self.finish(ticket, learned);
        let settled = Settled { tokens: entry.tokens, cost: entry.cost };
        self.write_entry(entry, &target);
        settled
    }

    /// The same for an account with a spending limit: when the future ends, siblings see the charge, unless another program
    /// holds the ledger.
    pub fn settle_exactly(self: &Arc<Self>, ticket: Ticket, learned: Learned) -> (Settled, BoxFuture<'static, ()>) {
        let target = Arc::clone(&ticket.target);
        let entry = self.finish(ticket, learned);
        let (settled, manager) = (Settled { tokens: entry.tokens, cost: entry.cost }, Arc::clone(self));
        // Nobody gains by waiting for one that has been locked for long.
        let patience = if self.books.ledger().is_held() { Duration::ZERO } else { PATIENCE };
        // In a task of its own: a client that leaves now does not keep the charge from being written.
        let (done, charged) = tokio::sync::oneshot::channel();
        self.take_in(&entry, &target);
        let committed = self.books.ledger().commit(entry);
        self.session.tasks().spawn(async move {
            manager.charged(committed.await);
            let _ = done.send(());
        });
        (settled, Box::pin(async move { drop(tokio::time::timeout(patience, charged).await) }))
    }

    /// Takes in what a stream reported of its account's quota.
    fn note_reported_quota(&self, ticket: &Ticket, learned: &Learned) {
        if ticket.target.credential.login().is_none() {
            return;
        }
        let asked_at = self.session.now().before(clock::instant().duration_since(ticket.started));
        drop(self.note_quota_events(&ticket.entry.account, &ticket.target, &learned.quota, asked_at));
    }

    fn charged(&self, committed: Result<Spent, LedgerError>) {
        if let Err(error) = committed {
            tracing::warn!("spending is counted in memory: {}", error.with_hint());
        }
        self.report_ledger_warnings();
        self.note_spending();
    }

    /// The entry of an answer that is over; what it made is its account's, and what it reported is taken in.
    fn finish(&self, ticket: Ticket, learned: Learned) -> Entry {
        self.note_reported_quota(&ticket, &learned);
        let entry = self.books.finish(ticket, learned);
        self.remember_made(&entry.account, &entry.owns);
        entry
    }

    /// Queues an entry for the ledger, and adds it to what is known here.
    fn write_entry(&self, entry: Entry, target: &Target) {
        self.take_in(&entry, target);
        self.books.ledger().record(entry);
    }

    fn take_in(&self, entry: &Entry, target: &Target) {
        self.books.metrics.attempt(entry, &target.metrics_label);
        let mut belief = self.belief.lock();
        for effect in &entry.effects {
            belief.siblings.observe(Observation::Effect(entry.account.clone(), *effect, entry.at));
        }
        if let Some(rate) = entry.rate_used {
            belief.siblings.observe(Observation::Rate(entry.account.clone(), rate));
        }
    }
}
