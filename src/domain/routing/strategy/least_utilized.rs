//! `least_utilized`: the account of which the smallest share is used.

use super::{Rule, Strategy};
use crate::domain::pool::Pool;
use crate::domain::routing::decision::{Choice, Why};
use crate::domain::routing::load::Load;
use crate::domain::routing::serving::Serving;
use crate::domain::routing::total_order::TotalOrder;
use crate::domain::routing::{Ask, serving};
use crate::domain::time::Timestamp;

/// Takes the least used account.
pub const RULE: Rule = Rule {
    name: "least_utilized",
    brief: "the account that is used least",
    chooses: "the account whose limits are least used: USD, quota window, rate-limit tokens. The default of `proxy`",
    explanation: "Takes the account whose limits are least used: USD spent of its limit, its quota window, its rate-limit \
                  tokens. The highest of the three counts",
    why_brief: "least used",
    why: "its limits are least used (`least_utilized`)",
    keeps_an_account: false,
    weighs_load: true,
    choose,
    score: |_, ask, position, _| Some(utilisation(&ask.load(position))),
};

/// The account with the lowest utilisation; among equals the one that was used longest ago, one that was never used
/// before all others, and then the first.
fn choose(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Option<Choice> {
    let rank = |each: &Serving<'_>| (TotalOrder(utilisation(&each.load)), each.load.condition.last_used);
    let chosen = serving::least(pool, ask, 0, now, rank)?;
    Some(chosen.because(ask, Why::Strategy(Strategy::LeastUtilized)))
}

/// The utilisation as accounts are compared by it. What is not a number counts as used up, and nothing is
/// below 0.
fn utilisation(load: &Load) -> f64 {
    if load.utilisation.is_nan() {
        return 1.0;
    }
    // Adding 0 makes a negative zero a plain one, which the total order distinguishes.
    load.utilisation.max(0.0) + 0.0
}
