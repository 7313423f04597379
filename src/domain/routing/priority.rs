//! `priority`: the account its owner prefers, and among equals the one in use.

use std::cmp::Reverse;

use super::decision::{Choice, Why};
use super::serving::Serving;
use super::{Ask, serving};
use crate::domain::pool::Pool;
use crate::domain::time::Timestamp;

/// The highest priority among those that can serve; within it the account in use, else the one with the fewest live
/// sessions, counting on.
pub fn choose(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Option<Choice> {
    let rank = |each: &Serving<'_>| {
        (Reverse(each.member.priority), !each.is_current(ask), each.probe, each.member.live_sessions)
    };
    let from = serving::current_position(pool, ask);
    let chosen = serving::least(pool, ask, from, now, rank)?;
    Some(chosen.instead_of_current(pool, ask, Why::Priority, now))
}
