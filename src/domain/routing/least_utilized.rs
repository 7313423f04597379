//! `least_utilized`: the account of which the smallest share is used up.

use super::decision::{Choice, Why};
use super::load::Load;
use super::{Ask, serving};
use crate::domain::pool::Pool;
use crate::domain::time::Timestamp;

/// The account with the lowest utilisation; among equals the one that was used longest ago, one that was never used
/// before all others, and then the first.
pub fn choose(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Option<Choice> {
    let chosen = serving::counting_on(pool, ask, 0, now).min_by(|one, other| {
        let utilisation = || utilisation(&one.load).total_cmp(&utilisation(&other.load));
        let last_used = || one.load.condition.last_used.cmp(&other.load.condition.last_used);
        one.probe.cmp(&other.probe).then_with(utilisation).then_with(last_used)
    })?;
    Some(chosen.because(ask, Why::LeastUtilized))
}

/// The utilisation as accounts are compared by it. What is not a number is believed to be used up, and nothing is
/// used less than not at all.
pub fn utilisation(load: &Load) -> f64 {
    if load.utilisation.is_nan() {
        return 1.0;
    }
    // Adding 0 makes a negative zero a plain one, which `total_cmp` tells apart.
    load.utilisation.max(0.0) + 0.0
}
