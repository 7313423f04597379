//! `hybrid`: the account with the best score of health, free requests and idle time, without needless changes.

use std::cmp::Reverse;

use super::{Rule, Strategy};
use crate::domain::health::condition::BUCKET;
use crate::domain::pool::Pool;
use crate::domain::routing::decision::{Choice, Why};
use crate::domain::routing::load::Load;
use crate::domain::routing::serving::Serving;
use crate::domain::routing::total_order::TotalOrder;
use crate::domain::routing::{Ask, serving};
use crate::domain::time::Timestamp;

/// Takes the account with the best score of health, free requests and idle time.
pub const RULE: Rule = Rule {
    name: "hybrid",
    brief: "the best of health, pace and idle time",
    chooses: "the account with the best score of health, free requests and idle time",
    explanation: "Takes the best score of health, free requests and idle time. It leaves the account in use only for one \
                  that is clearly better",
    why_brief: "best score",
    why: "it has the best score of health, free requests and idle time (`hybrid`)",
    keeps_an_account: true,
    weighs_load: true,
    choose,
    score: |_, ask, position, now| Some(Weight::of(&ask.load(position), ask.current == Some(position), now).score),
};

/// An account in worse health rests, as long as another can serve.
const USABLE_HEALTH: f64 = 50.0;
const WEIGHT_OF_HEALTH: f64 = 2.0;
const WEIGHT_OF_FULL_BUCKET: f64 = 500.0;
const WEIGHT_OF_IDLE_SECOND: f64 = 0.1;
const MOST_IDLE_SECONDS: f64 = 3600.0;
/// What the account in use has before the others.
const BONUS_OF_CURRENT: f64 = 150.0;
/// It is left only for one that is this far ahead all the same.
const LEAD: f64 = 100.0;

/// The account with the best score, or the one in use while none is far enough ahead of it. One in bad health or with
/// an empty bucket comes after the others, but before refusing.
fn choose(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Option<Choice> {
    let rank = |each: &Serving<'_>| {
        let weight = Weight::of(&each.load, each.is_current(ask), now);
        (!weight.is_usable, Reverse(TotalOrder(weight.score)))
    };
    let best = serving::least(pool, ask, 0, now, rank)?;
    let is_near = |current: &Serving<'_>| {
        let ((tired, Reverse(score)), (best_tired, Reverse(best))) = (rank(current), rank(&best));
        tired == best_tired && best.0 < score.0 + LEAD
    };
    let current = ask.current.and_then(|current| serving::at(pool, ask, current, now));
    let chosen = current.filter(is_near).unwrap_or(best);
    Some(chosen.instead_of_current(pool, ask, Why::Strategy(Strategy::Hybrid), now))
}

/// How much an account is worth under its load.
pub struct Weight {
    /// It is taken before the others are tired out too.
    pub is_usable: bool,
    /// `2·health + 500·tokens/50 + 0.1·min(idle seconds, 3600) + 150 for the current account`
    pub score: f64,
}

impl Weight {
    pub fn of(load: &Load, is_current: bool, now: Timestamp) -> Weight {
        let condition = &load.condition;
        // No bucket holds more than what its plan has left.
        let left = BUCKET * (1.0 - load.quota_used).clamp(0.0, 1.0);
        let (health, bucket) = (condition.health_at(now), condition.bucket_at(now).min(left));
        let score = WEIGHT_OF_HEALTH * health
            + WEIGHT_OF_FULL_BUCKET * bucket / BUCKET
            + WEIGHT_OF_IDLE_SECOND * condition.idle_seconds(now).min(MOST_IDLE_SECONDS)
            + if is_current { BONUS_OF_CURRENT } else { 0.0 };
        Weight {
            is_usable: health >= USABLE_HEALTH && bucket >= 1.0,
            // Numbers that others wrote may be none.
            score: if score.is_nan() { 0.0 } else { score },
        }
    }
}
