//! Choosing the account for a request.

pub mod decision;
pub mod eligibility;
pub mod starting_account;
mod sticky;

use super::account::ModelFamily;
use super::pool::Pool;
use super::time::Timestamp;
use decision::{Candidate, Decision, Exhausted};
use eligibility::{Reason, obstacles};

/// How an account is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Keep the account in use until it cannot serve.
    #[default]
    Sticky,
}

impl Strategy {
    /// Every strategy, in the order they are listed to people.
    pub const ALL: [Strategy; 1] = [Strategy::Sticky];

    /// The name in configuration and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Sticky => "sticky",
        }
    }

    /// The strategy of that name, with `-` and `_` alike.
    pub fn parse(name: &str) -> Option<Strategy> {
        let name = name.trim().to_ascii_lowercase().replace('-', "_");
        Strategy::ALL.into_iter().find(|strategy| strategy.name() == name)
    }
}

/// What a request asks of routing.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The model it names.
    pub model: Option<&'a str>,
    /// The model's family.
    pub family: &'a ModelFamily,
    /// The account that the session or conversation uses for this family now.
    pub current: Option<usize>,
    /// The account a person switched to by hand.
    pub pinned: Option<usize>,
    /// Accounts that are out for this request: they were tried already, or a sibling is probing them.
    pub excluded: &'a [usize],
}

/// Chooses the account for a request. A pin wins over the strategy and gives way only while its account cannot
/// serve. Nothing is allocated unless no account can serve.
pub fn choose(pool: &Pool, ask: &Ask<'_>, strategy: Strategy, now: Timestamp) -> Decision {
    if let Some(choice) = ask.pinned.and_then(|pinned| sticky::keep(pool, ask, pinned, decision::Why::Pinned, now)) {
        return Decision::Use(choice);
    }
    let chosen = match strategy {
        Strategy::Sticky => sticky::choose(pool, ask, now),
    };
    chosen.map_or_else(|| Decision::Exhausted(explain(pool, ask, now)), Decision::Use)
}

/// Every account with the reasons it cannot serve, and when the first of them can.
pub fn explain(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Exhausted {
    let candidates: Vec<Candidate> = pool
        .members
        .iter()
        .map(|member| Candidate {
            account: member.id.clone(),
            obstacles: obstacles(member, ask.model, ask.family, now),
        })
        .collect();
    let available_at = candidates.iter().filter_map(Candidate::available_at).min();
    let waiting_helps = candidates.iter().any(|candidate| {
        candidate.available_at().is_some()
            && candidate.obstacles.iter().all(|o| matches!(o.reason, Reason::RateLimited | Reason::CoolingDown))
    });
    Exhausted { candidates, available_at, rate_limited: waiting_helps }
}

#[cfg(test)]
mod tests;
