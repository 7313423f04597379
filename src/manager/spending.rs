//! What attempts take: tokens and money, accounted in the ledger when an answer is over. An account with a spending limit
//! is charged before the answer's last byte goes out, so that siblings see it in time; the others off the path.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::Manager;
use super::routing::{Route, RouteRequest, Target};
use super::shared::Deed;
use crate::clock;
use crate::domain::account::AccountId;
use crate::domain::health::condition::Effect;
use crate::domain::usage::quota::Quota;
use crate::domain::usage::{Tokens, Usd};
use crate::ledger::{BreakerNote, Entry, LedgerError, RateUsed, Resource};
use crate::upstream::credential::Credential;

/// A ledger that does not take a charge within this time keeps no answer back any longer.
const PATIENCE: Duration = Duration::from_secs(6);

/// The status of an answer that the upstream broke off.
pub const UPSTREAM_BROKE: u16 = 502;

/// An attempt that serves: what the ledger gets when its answer is over.
pub struct Ticket {
    entry: Box<Entry>,
    target: Arc<Target>,
    started: Instant,
    is_exact: bool,
}

impl Ticket {
    /// Whether the account is to be charged before the answer's last byte.
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// The used part of the account's rate-limit tokens, and for how long that holds.
    pub fn rate_used(&mut self, used: Option<(f64, Duration)>) {
        let at = self.entry.at;
        self.entry.rate_used = used.map(|(used, reset)| RateUsed { used, until: at.after(reset) });
    }
}

/// What was learned of an answer.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    /// What the client got; 499 when it left, [`UPSTREAM_BROKE`] when the upstream did.
    pub status: u16,
    /// What it took, if it said so.
    pub tokens: Option<Tokens>,
    /// The model that answered, as it calls itself.
    pub model: Option<String>,
    /// The ids of what it made, and the marks of what only its account can go on from.
    pub made: Vec<String>,
    /// The quota it told, as the event `codex.rate_limits` does.
    pub quota: Option<Value>,
    /// From the request's arrival to the first byte.
    pub first_byte_ms: Option<u64>,
}

impl Manager {
    /// The beginning of an entry: what is known of an attempt before its answer.
    pub(super) fn entry(&self, route: &Route, request: &RouteRequest) -> Entry {
        Entry {
            at: self.clock.now(),
            request_id: request.request_id.clone(),
            attempt: request.attempt,
            account: route.account.clone(),
            session: self.identity.id.clone(),
            model: request.model.clone(),
            family: request.family.to_string(),
            endpoint: request.endpoint.clone(),
            host: route.target.base_url.authority().to_owned(),
            status: 0,
            served: false,
            tokens: None,
            cost: None,
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
        let target = Arc::clone(&route.target);
        Ticket { entry: Box::new(self.entry(route, request)), target, started, is_exact: route.has_limit }
    }

    /// What an answer made is its account's, from before the answer is over.
    pub fn note_made(&self, ticket: &Ticket, made: Vec<String>) {
        let made = owned(&ticket.target, made);
        self.ledger.owns(ticket.entry.account.clone(), made, self.clock.now());
    }

    /// Accounts an answer that is over. What it cost, if its model has a price.
    pub fn settle(&self, ticket: Ticket, learned: Learned) -> Option<Usd> {
        let target = Arc::clone(&ticket.target);
        self.note_told_quota(&ticket, &learned);
        let entry = self.finished_entry(ticket, learned);
        let cost = entry.cost;
        self.write_entry(entry, &target);
        cost
    }

    /// The same for an account with a spending limit: when the future ends, siblings see the charge.
    pub fn settle_exactly(self: &Arc<Self>, ticket: Ticket, learned: Learned) -> (Option<Usd>, BoxFuture<'static, ()>) {
        let target = Arc::clone(&ticket.target);
        self.note_told_quota(&ticket, &learned);
        let entry = self.finished_entry(ticket, learned);
        let (cost, manager) = (entry.cost, Arc::clone(self));
        // In a task of its own: a client that leaves now does not keep the charge from being written.
        let (done, settled) = tokio::sync::oneshot::channel();
        self.tasks.spawn(async move {
            manager.charge(entry, &target).await;
            let _ = done.send(());
        });
        (cost, Box::pin(async move { drop(tokio::time::timeout(PATIENCE, settled).await) }))
    }

    /// What a stream told of its account's quota.
    fn note_told_quota(&self, ticket: &Ticket, learned: &Learned) {
        let Some(told) = learned.quota.as_ref().filter(|_| ticket.target.credential.login().is_some()) else { return };
        if let Some(quota) = Quota::from_event(told, self.clock.now()) {
            let asked_at = self.clock.now().before(clock::instant().duration_since(ticket.started));
            self.note_quota(&ticket.entry.account, quota, asked_at);
        }
    }

    async fn charge(&self, entry: Entry, target: &Target) {
        let (account, cost, day) = (entry.account.clone(), entry.cost.unwrap_or_default(), self.clock.day(entry.at));
        self.take_in(&entry, target);
        match self.ledger.commit(entry).await {
            Ok(spent) => self.memory().shared.set_spent(account, spent, day),
            Err(error) => {
                tracing::warn!("spending is counted in memory: {error}");
                let mut memory = self.memory();
                match error {
                    // It will, and tells it then.
                    LedgerError::Busy { .. } => memory.shared.add(Deed::Spent(account, cost)),
                    LedgerError::Newer { .. }
                    | LedgerError::Open { .. }
                    | LedgerError::Database { .. }
                    | LedgerError::Full { .. }
                    | LedgerError::Stopped { .. } => memory.shared.uncounted.add(account, day, cost),
                }
            }
        }
        self.tell_ledger_warnings();
        self.note_spending();
    }

    fn finished_entry(&self, ticket: Ticket, learned: Learned) -> Entry {
        let Ticket { mut entry, target, started, .. } = ticket;
        entry.at = self.clock.now();
        entry.status = learned.status;
        entry.served = true;
        entry.tokens = learned.tokens;
        entry.first_byte_ms = learned.first_byte_ms;
        entry.duration_ms = elapsed(started);
        let model = entry.model.clone().or(learned.model.clone());
        entry.cost = match &target.credential {
            Credential::ApiKey(_) => {
                entry.tokens.and_then(|tokens| self.cost(&[model.as_deref(), learned.model.as_deref()], tokens))
            }
            // Its plan is paid by the month.
            Credential::ChatGpt(_) => entry.tokens.map(|_| Usd::default()),
        };
        entry.model = model;
        // One that broke off or was left is no success: it must not close a breaker that failures since have opened.
        if learned.status < 400 {
            entry.effects.push(Effect::Succeeded);
            entry.breaker = Some(BreakerNote::Succeeded);
        }
        entry.owns = owned(&target, learned.made);
        *entry
    }

    /// By the first of the names that has a price: what the request asked for, then what answered.
    fn cost(&self, models: &[Option<&str>], tokens: Tokens) -> Option<Usd> {
        let config = self.config();
        models.iter().flatten().find_map(|model| config.prices().cost(model, tokens))
    }

    /// Queues an entry for the ledger, and adds it to what is known here.
    pub(super) fn write_entry(&self, entry: Entry, target: &Target) {
        self.take_in(&entry, target);
        self.ledger.record(entry);
    }

    fn take_in(&self, entry: &Entry, target: &Target) {
        self.metrics.attempt(entry, &target.metrics_label);
        let mut memory = self.memory();
        for effect in &entry.effects {
            memory.shared.add(Deed::Effect(entry.account.clone(), *effect, entry.at));
        }
        if let Some(rate) = entry.rate_used {
            memory.shared.add(Deed::Rate(entry.account.clone(), rate));
        }
    }

    /// A request takes its place in the account's bucket, where siblings have to see it before the answer is over.
    pub(super) fn take_place(&self, account: &AccountId) {
        let at = self.clock.now();
        self.memory().shared.add(Deed::Effect(account.clone(), Effect::Began, at));
        self.ledger.began(account.clone(), at);
    }

    /// Whether an account has a spending limit.
    pub(super) fn has_limit(account: &crate::store::StoredAccount) -> bool {
        account.daily_limit_usd.is_some() || account.monthly_limit_usd.is_some()
    }
}

/// What an answer made. An upstream that echoes the key as an id must not bring it onto the disk.
fn owned(target: &Target, made: Vec<String>) -> Vec<Resource> {
    let key = target.credential.bearer().map(|key| key.expose().as_str()).unwrap_or_default();
    made.into_iter().filter(|id| key.is_empty() || !id.contains(key)).map(|id| Resource { id }).collect()
}

/// Milliseconds since `started`.
pub(super) fn elapsed(started: Instant) -> u64 {
    u64::try_from(clock::instant().duration_since(started).as_millis()).unwrap_or(u64::MAX)
}
