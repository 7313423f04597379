//! How much of an account is used up: what changes with every request, kept apart from the pool, which does not.

use crate::domain::health::condition::Condition;

/// What the strategies that weigh accounts look at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// From 0, and 1 is all: the highest of USD used over the limit, quota window used, and rate-limit tokens used.
    pub utilisation: f64,
    /// The used part of the fullest quota window of its plan, 0 to 1; 0 without one.
    pub quota_used: f64,
    /// Health, bucket and last use.
    pub condition: Condition,
}
