//! The load of an account: it changes with every request, unlike the pool.

use crate::domain::health::condition::Condition;

/// What the strategies that weigh accounts compare.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// From 0, and 1 is all: the highest of USD used over the limit, quota window used, and rate-limit tokens used.
    pub utilisation: f64,
    /// The used part of the fullest quota window of its plan, 0 to 1; 0 without one.
    pub quota_used: f64,
    /// Health, bucket and last use.
    pub condition: Condition,
}
