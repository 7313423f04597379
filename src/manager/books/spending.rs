//! What attempts take: tokens and money, accounted in the ledger when an answer is over. An account with a spending limit
//! is charged before the answer's last byte goes out, so that siblings see it in time; the others off the path.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Books;
use crate::clock;
use crate::domain::health::breakers::BreakerNote;
use crate::domain::health::condition::Effect;
use crate::domain::usage::rate_headers::RateUsed;
use crate::domain::usage::{Asks, Bill, Counting, Tier, Tokens, Usd, Used, estimate};
use crate::ledger::{Entry, Mark, Resource};
use crate::manager::accounts::Target;

/// No id that is kept from counting twice is longer.
const LONGEST_ID: usize = 256;

/// So many models without a price are reported; a client that makes names up must not fill the memory.
const MOST_UNPRICED: usize = 64;

/// The status of an answer that the upstream broke off.
pub const UPSTREAM_BROKE: u16 = 502;

/// An attempt that serves: what the ledger gets when its answer is over.
pub struct Ticket {
    /// What is known of it before its answer.
    pub(in crate::manager) entry: Box<Entry>,
    /// What its account is used with.
    pub(in crate::manager) target: Arc<Target>,
    /// When it began.
    pub(in crate::manager) started: Instant,
    pub(in crate::manager) is_exact: bool,
    pub(in crate::manager) is_stored: bool,
    pub(in crate::manager) asks: Asks,
    /// The tokens of the request, as far as they are estimated.
    pub(in crate::manager) input: Option<u64>,
}

impl Ticket {
    /// Whether the account is to be charged before the answer's last byte.
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Whether the upstream keeps what the answer made, so that it can be read again.
    pub fn stored(&mut self, is_stored: bool) {
        self.is_stored = is_stored;
    }

    /// What the request is about.
    pub fn asks(&mut self, asks: Asks) {
        self.asks = asks;
    }

    /// How many tokens the request has, as far as they are estimated.
    pub fn has_input(&mut self, tokens: Option<u64>) {
        self.input = tokens;
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
    /// What it reports of its use.
    pub bill: Bill,
    /// The tokens of output, as they are estimated, of a stream that ended before it reported its use.
    pub unreported: Option<u64>,
    /// The ids of what it made, and the marks of what only its account can go on from.
    pub made: Vec<String>,
    /// The events `codex.rate_limits` in it.
    pub quota: Vec<Value>,
    /// From the request's arrival to the first byte.
    pub first_byte_ms: Option<u64>,
}

/// What an answer was accounted with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// What it used; `None` where it does not say so, and where that counted before.
    pub tokens: Option<Tokens>,
    /// What that cost, if its model has a price.
    pub cost: Option<Usd>,
}

impl Books {
    /// The entry of an answer that is over.
    pub(in crate::manager) fn finish(&self, ticket: Ticket, learned: Learned) -> Entry {
        let Ticket { mut entry, target, started, is_exact, is_stored, asks, input } = ticket;
        entry.at = self.session.now();
        entry.status = learned.status;
        entry.served = true;
        entry.first_byte_ms = learned.first_byte_ms;
        entry.duration_ms = elapsed(started);
        // An upstream that echoes the key as an id or a name must not bring it onto the disk.
        let key = target.credential.bearer().map(|key| key.expose().as_str()).unwrap_or_default();
        let has_key = |text: &str| !key.is_empty() && text.contains(key);
        let mut learned = learned;
        if let Some((input, output)) = input.zip(learned.unreported) {
            learned.bill.estimate(estimate::of(input, output));
        }
        learned.bill.model = learned.bill.model.take().filter(|model| !has_key(model));
        learned.bill.subject.id = learned.bill.subject.id.take().filter(|id| !has_key(id) && id.len() <= LONGEST_ID);
        let model = entry.model.take().or_else(|| learned.bill.model.clone());
        self.charge_for(&mut entry, &learned.bill, asks, is_stored);
        let (tier, used) = (learned.bill.charged_tier(), learned.bill.used);
        if let Some(used) = used.filter(|_| entry.tokens.is_some()) {
            let names = [model.as_deref(), learned.bill.model.as_deref()];
            self.price(&mut entry, &target, &names, (used, tier), is_exact);
        }
        entry.model = model;
        // One that broke off or was left is no success: it must not close a breaker that failures since have opened.
        if learned.status < 400 {
            entry.effects.push(Effect::Succeeded);
            entry.breaker = Some(BreakerNote::Succeeded);
        }
        entry.owns = owned(&target, learned.made);
        *entry
    }

    /// Charges an entry that does not serve for the tokens of its request.
    pub(in crate::manager) fn charge_input(&self, entry: &mut Entry, target: &Target, input: u64, has_limit: bool) {
        let tokens = estimate::of(input, 0);
        entry.tokens = Some(tokens);
        let model = entry.model.clone();
        self.price(entry, target, &[model.as_deref()], (tokens.into(), entry.tier), has_limit);
    }

    /// What an entry used, as far as that is new.
    fn charge_for(&self, entry: &mut Entry, bill: &Bill, asks: Asks, is_stored: bool) {
        let (counts, mark) = match bill.counting(asks, is_stored) {
            Counting::Now => (true, None),
            Counting::Once(id) => (!self.ledger().has_counted(&entry.account, &id), Some(Mark::Once(id))),
            Counting::IfDue(id) => (!self.ledger().has_counted(&entry.account, &id), Some(Mark::IfDue(id))),
            Counting::Later(id) => (false, Some(Mark::Later(id))),
            Counting::Nothing => (false, None),
        };
        let is_later = matches!(mark, Some(Mark::Later(_)));
        entry.mark = mark.filter(|_| counts || is_later);
        entry.tokens = bill.used.filter(|_| counts).map(|used| used.tokens);
        entry.tier = bill.charged_tier();
    }

    /// Charges an entry by the first of the names that has a price: what the request asked for, then what answered. Under a
    /// spending limit a model without a price is not free: it is charged at the highest price that is known.
    fn price(
        &self,
        entry: &mut Entry,
        target: &Target,
        models: &[Option<&str>],
        (used, tier): (Used, Tier),
        has_limit: bool,
    ) {
        if target.credential.login().is_some() {
            // Its plan is paid by the month.
            entry.cost = Some(Usd::default());
            return;
        }
        let config = self.session.config();
        let prices = config.prices();
        entry.cost = models.iter().flatten().find_map(|model| prices.cost(model, used, tier));
        entry.is_unpriced = entry.cost.is_none();
        if entry.is_unpriced && has_limit {
            let cost = prices.highest().cost(used, tier);
            entry.cost = Some(cost);
            self.warn_unpriced(models.iter().flatten().next().copied(), cost);
        }
    }

    /// Reports a model without a price that a limit is over, once for each.
    fn warn_unpriced(&self, model: Option<&str>, cost: Usd) {
        let name = model.unwrap_or_default();
        {
            let mut reported = self.unpriced.lock().unwrap_or_else(PoisonError::into_inner);
            if reported.len() >= MOST_UNPRICED || !reported.insert(name.to_owned()) {
                return;
            }
        }
        let what = model.map_or_else(|| "a request that names no model".to_owned(), |model| format!("`{model}`"));
        self.session.warn(format!(
            "{what} has no price and a spending limit is over it, so it is charged at the highest known price, {cost} \
             for this request; add it to `[[pricing]]` in the configuration"
        ));
    }
}

/// What an answer made. An upstream that echoes the key as an id must not bring it onto the disk.
pub(in crate::manager) fn owned(target: &Target, made: Vec<String>) -> Vec<Resource> {
    let key = target.credential.bearer().map(|key| key.expose().as_str()).unwrap_or_default();
    made.into_iter().filter(|id| key.is_empty() || !id.contains(key)).map(|id| Resource { id }).collect()
}

/// Milliseconds since `started`.
pub(in crate::manager) fn elapsed(started: Instant) -> u64 {
    u64::try_from(clock::instant().duration_since(started).as_millis()).unwrap_or(u64::MAX)
}
