//! `hybrid`: the account with the best score of health, requests at hand and idle time, and no hopping about.

use std::cmp::Ordering;

use super::decision::{Choice, Why};
use super::load::Load;
use super::serving::Serving;
use super::{Ask, serving};
use crate::domain::health::condition::{BUCKET, Condition};
use crate::domain::pool::Pool;
use crate::domain::time::Timestamp;

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
pub fn choose(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Option<Choice> {
    let weigh = |serving| Weighed::new(serving, ask, now);
    let best = serving::counting_on(pool, ask, 0, now).map(weigh).min_by(Weighed::order)?;
    let current = ask.current.and_then(|current| serving::at(pool, ask, current, now)).map(weigh);
    let kept = current.filter(|current| current.resort == best.resort && best.score < current.score + LEAD);
    Some(kept.unwrap_or(best).serving.instead_of_current(pool, ask, Why::Hybrid, now))
}

/// `2·health + 500·tokens/50 + 0.1·min(idle seconds, 3600) + 150 for the current account`
pub fn score(load: &Load, is_current: bool, now: Timestamp) -> f64 {
    let condition = &load.condition;
    let score = WEIGHT_OF_HEALTH * condition.health_at(now)
        + WEIGHT_OF_FULL_BUCKET * condition.bucket_at(now) / BUCKET
        + WEIGHT_OF_IDLE_SECOND * condition.idle_seconds(now).min(MOST_IDLE_SECONDS)
        + if is_current { BONUS_OF_CURRENT } else { 0.0 };
    // Numbers that others wrote may be none.
    if score.is_nan() { 0.0 } else { score }
}

/// Whether an account in this condition is taken before the others are tired out too.
pub fn is_usable(condition: &Condition, now: Timestamp) -> bool {
    condition.health_at(now) >= USABLE_HEALTH && condition.bucket_at(now) >= 1.0
}

/// An account that can serve, with what it is compared by.
struct Weighed<'a> {
    serving: Serving<'a>,
    /// What makes it a last resort, the worse first.
    resort: (bool, bool),
    score: f64,
}

impl<'a> Weighed<'a> {
    fn new(serving: Serving<'a>, ask: &Ask<'_>, now: Timestamp) -> Weighed<'a> {
        Weighed {
            resort: (serving.probe, !is_usable(&serving.load.condition, now)),
            score: score(&serving.load, serving.is_current(ask), now),
            serving,
        }
    }

    /// The one to choose comes first.
    fn order(&self, other: &Weighed<'_>) -> Ordering {
        self.resort.cmp(&other.resort).then_with(|| other.score.total_cmp(&self.score))
    }
}
