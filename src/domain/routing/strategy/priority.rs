//! `priority`: the account its owner prefers, and among equals the one in use.

use std::cmp::Reverse;

use super::{Rule, Strategy};
use crate::domain::pool::{Member, Pool};
use crate::domain::routing::decision::{Choice, Why};
use crate::domain::routing::serving::Serving;
use crate::domain::routing::{Ask, serving};
use crate::domain::time::Timestamp;

/// Takes the account that its owner prefers.
pub const RULE: Rule = Rule {
    name: "priority",
    brief: "the account of the highest priority",
    chooses: "the account with the highest `priority` that can serve",
    explanation: "Takes the highest `priority` that can serve; among equals it works as `sticky`",
    why_brief: "priority",
    why: "it has the highest priority of those that can serve (`priority`)",
    keeps_an_account: true,
    weighs_load: false,
    choose,
    score: |pool, _, position, _| pool.members.get(position).map(score),
};

#[expect(clippy::cast_precision_loss, reason = "a number to show; the choice compares whole ones")]
fn score(member: &Member) -> f64 {
    member.priority as f64
}

/// The highest priority among those that can serve; within it the account in use, else the one with the fewest live
/// sessions, counting on.
fn choose(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Option<Choice> {
    let rank = |each: &Serving<'_>| {
        (Reverse(each.member.priority), !each.is_current(ask), each.probe, each.member.live_sessions)
    };
    let from = serving::current_position(pool, ask);
    let chosen = serving::least(pool, ask, from, now, rank)?;
    Some(chosen.instead_of_current(pool, ask, Why::Strategy(Strategy::Priority), now))
}
