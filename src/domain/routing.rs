//! Choosing the account for a request.

pub mod conversation;
pub mod decision;
pub mod eligibility;
mod explain;
pub mod failover;
pub mod load;
mod serving;
pub mod setback;
pub mod starting_account;
mod strategy;
mod total_order;

pub use explain::explain;
pub use strategy::{Rule, Strategy};

use super::account::ModelFamily;
use super::allowed::Allowed;
use super::client_version::ClientVersion;
use super::pool::Pool;
use super::time::Timestamp;
use decision::{Choice, Decision, Why};
use eligibility::{Demand, is_on_credits};
use load::Load;

/// What a request asks of routing.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The model it names.
    pub model: Option<&'a str>,
    /// The model's family.
    pub family: &'a ModelFamily,
    /// Only an API-key account can serve it.
    pub needs_api_key: bool,
    /// The version of Codex that it stands for at a login's backend.
    pub client_version: ClientVersion,
    /// The account that the session or conversation uses for this family now.
    pub current: Option<usize>,
    /// The account a person switched to by hand.
    pub pinned: Option<usize>,
    /// The owner of a resource that the request names: no other account knows it.
    pub bound: Option<usize>,
    /// The account of the socket that the request came on, which is kept while it can serve.
    pub open: Option<usize>,
    /// Accounts that cannot be chosen for this request: they were tried already, or a sibling is probing them.
    pub excluded: &'a [usize],
    /// The load of each account, in the order of the pool; nothing is known of those that are missing.
    pub loads: &'a [Load],
    /// Accounts whose included quota is used up are left out, although their credits would pay.
    pub spares_credits: bool,
    /// The accounts that the request may use, whatever the session may now.
    pub within: Option<&'a Allowed>,
    /// Until when all that may be spent for the request is spent, whatever account would serve it.
    pub spent_until: Option<Timestamp>,
    /// Where `round_robin` continues: after the account that it chose last.
    pub turn: usize,
}

impl<'a> Ask<'a> {
    /// A first request for `model`, of which nothing more is known.
    pub fn new(model: Option<&'a str>, family: &'a ModelFamily) -> Ask<'a> {
        Ask {
            model,
            family,
            needs_api_key: false,
            client_version: ClientVersion::default(),
            current: None,
            pinned: None,
            bound: None,
            open: None,
            excluded: &[],
            loads: &[],
            spares_credits: false,
            within: None,
            spent_until: None,
            turn: 0,
        }
    }

    /// What an account must be able to do to serve it.
    pub fn demand(&self) -> Demand<'a> {
        Demand {
            model: self.model,
            family: self.family,
            needs_api_key: self.needs_api_key,
            client_version: self.client_version,
            within: self.within,
            spent_until: self.spent_until,
        }
    }

    /// The load of the account at `position`.
    pub fn load(&self, position: usize) -> Load {
        self.loads.get(position).copied().unwrap_or_default()
    }
}

/// Chooses the account for a request. A resource that it is bound to beats everything, even when its account cannot
/// serve. A pin wins over the strategy and gives way only while its account cannot serve. Nothing is allocated unless
/// no account can serve. Accounts that would serve on credits come after all that have included quota left.
pub fn choose(pool: &Pool, ask: &Ask<'_>, strategy: Strategy, now: Timestamp) -> Decision {
    select(pool, ask, strategy, now)
        .map_or_else(|| Decision::Exhausted(explain::exhausted(pool, ask, strategy, now)), Decision::Use)
}

fn select(pool: &Pool, ask: &Ask<'_>, strategy: Strategy, now: Timestamp) -> Option<Choice> {
    let choice = |position, why| {
        let serving = serving::at(pool, ask, position, now)?;
        Some(Choice { position, why, probe: serving.probe })
    };
    if let Some(bound) = ask.bound {
        return choice(bound, Why::Bound);
    }
    if let Some(pinned) = ask.pinned.and_then(|pinned| choice(pinned, Why::Pinned)) {
        return Some(pinned);
    }
    // Credits are used last, whatever the strategy and wherever the session is: a plan that has quota left costs nothing.
    let may_spare = pool.may_use_credits != Some(false)
        && pool.members.iter().any(|member| is_on_credits(member, &ask.demand(), now));
    may_spare
        .then(|| by_strategy(pool, &Ask { spares_credits: true, ..ask.clone() }, strategy, now))
        .flatten()
        .or_else(|| by_strategy(pool, ask, strategy, now))
}

fn by_strategy(pool: &Pool, ask: &Ask<'_>, strategy: Strategy, now: Timestamp) -> Option<Choice> {
    if let Some(open) = ask.open.and_then(|open| serving::at(pool, ask, open, now)) {
        return Some(Choice { position: open.position, why: Why::Strategy(Strategy::Sticky), probe: open.probe });
    }
    (strategy.rule().choose)(pool, ask, now)
}

#[cfg(test)]
mod tests;
