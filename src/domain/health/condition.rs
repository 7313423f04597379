//! The condition of an account after its attempts: its health, its bucket of requests, its last use. The `hybrid`
//! strategy weighs them; siblings share them.

use crate::domain::time::Timestamp;

/// An account nobody has used yet begins in this health.
const FIRST_HEALTH: f64 = 70.0;
/// No health is better.
const BEST_HEALTH: f64 = 100.0;
const HEALTH_PER_HOUR: f64 = 2.0;
/// What the bucket holds when it is full, in requests.
pub const BUCKET: f64 = 50.0;
const REFILL_PER_MINUTE: f64 = 6.0;

/// What one attempt does to the condition of its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A request took its place in the bucket.
    Began,
    /// It served.
    Succeeded,
    /// It was refused by a rate or usage limit; the request's place in the bucket is given back.
    RateLimited,
    /// It failed to answer as it should.
    Failed,
    /// No answer came; the request's place in the bucket is given back.
    Unreachable,
}

/// The condition of one account, each part as of the time it was touched last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// 0 to 100 at `health_at`.
    pub health: f64,
    /// When the health was touched last.
    pub health_at: Timestamp,
    /// Requests in the bucket at `bucket_at`.
    pub bucket: f64,
    /// When the bucket was touched last.
    pub bucket_at: Timestamp,
    /// When it was used last.
    pub last_used: Option<Timestamp>,
}

impl Default for Condition {
    fn default() -> Condition {
        Condition {
            health: FIRST_HEALTH,
            health_at: Timestamp(0),
            bucket: BUCKET,
            bucket_at: Timestamp(0),
            last_used: None,
        }
    }
}

impl Condition {
    /// The health at `now`: it mends by 2 an hour. A time before the last touch came from a clock that was set back.
    pub fn health_at(&self, now: Timestamp) -> f64 {
        match self.last_used {
            // Never used: there is nothing to mend from.
            None => self.health,
            Some(_) => (self.health + hours(now, self.health_at) * HEALTH_PER_HOUR).clamp(0.0, BEST_HEALTH),
        }
    }

    /// The requests in the bucket at `now`: it refills by 6 a minute.
    pub fn bucket_at(&self, now: Timestamp) -> f64 {
        (self.bucket + hours(now, self.bucket_at) * 60.0 * REFILL_PER_MINUTE).clamp(0.0, BUCKET)
    }

    /// Seconds since the last use; the longest there is for an account that was never used.
    pub fn idle_seconds(&self, now: Timestamp) -> f64 {
        self.last_used.map_or(f64::MAX, |at| seconds(now, at))
    }

    /// Takes in what an attempt did at `now`.
    pub fn apply(&mut self, effect: Effect, now: Timestamp) {
        let (health, places) = match effect {
            Effect::Began => (0.0, -1.0),
            Effect::Succeeded => (1.0, 0.0),
            Effect::RateLimited => (-10.0, 1.0),
            Effect::Failed => (-20.0, 0.0),
            Effect::Unreachable => (-20.0, 1.0),
        };
        self.health = (self.health_at(now) + health).clamp(0.0, BEST_HEALTH);
        self.health_at = now;
        self.bucket = (self.bucket_at(now) + places).clamp(0.0, BUCKET);
        self.bucket_at = now;
        self.last_used = self.last_used.max(Some(now));
    }
}

fn hours(now: Timestamp, then: Timestamp) -> f64 {
    seconds(now, then) / 3600.0
}

/// None for a time that has not come: the clock was set back.
#[expect(clippy::cast_precision_loss, reason = "a double holds 285,000 years of milliseconds")]
fn seconds(now: Timestamp, then: Timestamp) -> f64 {
    now.0.saturating_sub(then.0).max(0) as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[track_caller]
    fn check(condition: &Condition, now: i64, health: f64, bucket: f64) {
        let now = Timestamp(now);
        assert!((condition.health_at(now) - health).abs() < 1e-9, "health {}", condition.health_at(now));
        assert!((condition.bucket_at(now) - bucket).abs() < 1e-9, "bucket {}", condition.bucket_at(now));
    }

    #[test]
    fn effects_move_health_and_bucket_by_their_constants() {
        let mut condition = Condition::default();
        check(&condition, 0, 70.0, 50.0);
        check(&condition, 9 * HOUR, 70.0, 50.0);
        condition.apply(Effect::Began, Timestamp(HOUR));
        condition.apply(Effect::RateLimited, Timestamp(HOUR));
        check(&condition, HOUR, 60.0, 50.0);
        condition.apply(Effect::Began, Timestamp(HOUR));
        condition.apply(Effect::Failed, Timestamp(HOUR));
        check(&condition, HOUR, 40.0, 49.0);
        condition.apply(Effect::Began, Timestamp(HOUR));
        condition.apply(Effect::Unreachable, Timestamp(HOUR));
        check(&condition, HOUR, 20.0, 49.0);
        condition.apply(Effect::Succeeded, Timestamp(HOUR));
        check(&condition, 2 * HOUR, 23.0, 50.0);
        check(&condition, 100 * HOUR, 100.0, 50.0);
    }

    #[test]
    fn nothing_leaves_its_bounds_and_a_clock_set_back_changes_nothing() {
        let mut condition = Condition::default();
        for _ in 0..60 {
            condition.apply(Effect::Began, Timestamp(HOUR));
            condition.apply(Effect::Failed, Timestamp(HOUR));
        }
        check(&condition, HOUR, 0.0, 0.0);
        check(&condition, 0, 0.0, 0.0);
        for _ in 0..200 {
            condition.apply(Effect::Unreachable, Timestamp(HOUR));
            condition.apply(Effect::Succeeded, Timestamp(HOUR));
        }
        assert!(condition.health_at(Timestamp(HOUR)) <= 100.0);
        check(&condition, HOUR, condition.health_at(Timestamp(HOUR)), 50.0);
    }
}
