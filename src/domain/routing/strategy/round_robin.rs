//! `round_robin`: the next account for every request.

use super::{Rule, Strategy};
use crate::domain::pool::Pool;
use crate::domain::routing::decision::{Choice, Why};
use crate::domain::routing::{Ask, serving};
use crate::domain::time::Timestamp;

/// Takes the next account for every request.
pub const RULE: Rule = Rule {
    name: "round_robin",
    brief: "the next account for every request",
    chooses: "the next account for every request",
    explanation: "Takes the next account for every request. Each process begins with another one",
    why_brief: "next in turn",
    why: "it is the next in turn (`round_robin`)",
    keeps_an_account: false,
    weighs_load: false,
    choose,
    score: |_, _, _, _| None,
};

/// The first account from [`Ask::turn`] on that can serve. The caller goes on behind the chosen one, so that over
/// time all that can serve have the same share, whatever stands between them.
fn choose(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Option<Choice> {
    let chosen = serving::counting_on(pool, ask, ask.turn, now).next()?;
    Some(chosen.because(ask, Why::Strategy(Strategy::RoundRobin)))
}
