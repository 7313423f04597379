//! `least_utilized`: the account of which the smallest share is used up.

use super::decision::{Choice, Why};
use super::load::Load;
use super::serving::Serving;
use super::total_order::TotalOrder;
use super::{Ask, serving};
use crate::domain::pool::Pool;
use crate::domain::time::Timestamp;

/// The account with the lowest utilisation; among equals the one that was used longest ago, one that was never used
/// before all others, and then the first.
pub fn choose(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Option<Choice> {
    let rank = |each: &Serving<'_>| (TotalOrder(utilisation(&each.load)), each.load.condition.last_used);
    let chosen = serving::least(pool, ask, 0, now, rank)?;
    Some(chosen.because(ask, Why::LeastUtilized))
}

/// The utilisation as accounts are compared by it. What is not a number is believed to be used up, and nothing is
/// used less than not at all.
pub fn utilisation(load: &Load) -> f64 {
    if load.utilisation.is_nan() {
        return 1.0;
    }
    // Adding 0 makes a negative zero a plain one, which the total order tells apart.
    load.utilisation.max(0.0) + 0.0
}
