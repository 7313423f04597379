//! The usage of requests: tokens, and their cost.

pub mod counting;
pub mod estimate;
pub mod money;
pub mod pricing;
pub mod purse;
pub mod quota;
pub mod rate_headers;
pub mod tier;
pub mod tokens;

use std::ops::{Add, AddAssign};

pub use counting::{Asks, Bill, Counting, Subject};
pub use money::Usd;
pub use purse::{Budget, Overspent, Period, Purse, PurseKind, Purses};
pub use tier::Tier;

/// Tokens of one or more requests. Sums saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// What went in, with what came from the cache.
    pub input: u64,
    /// The part of `input` that came from the cache.
    pub cached: u64,
    /// The part of `input` that was written to the cache, apart from `cached`.
    pub cache_write: u64,
    /// What came out, with the reasoning.
    pub output: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
}

impl Add for Tokens {
    type Output = Tokens;

    fn add(self, other: Tokens) -> Tokens {
        Tokens {
            input: self.input.saturating_add(other.input),
            cached: self.cached.saturating_add(other.cached),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Tokens) {
        *self = *self + other;
    }
}

/// What one answer reports that it used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Its tokens.
    pub tokens: Tokens,
    /// The length of the audio that it transcribed, in milliseconds, where that is what it is charged by.
    pub audio_ms: u64,
}

impl From<Tokens> for Used {
    fn from(tokens: Tokens) -> Used {
        Used { tokens, audio_ms: 0 }
    }
}

/// What an account used over a day or a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests that were served.
    pub requests: u64,
    /// Their tokens, and those of attempts that were cut short.
    pub tokens: Tokens,
    /// What they cost, as far as their models have a price.
    pub cost: Usd,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, more: Totals) {
        self.requests = self.requests.saturating_add(more.requests);
        self.tokens += more.tokens;
        self.cost += more.cost;
    }
}

/// The money that an account, a project or a key has spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Since the last local midnight.
    pub today: Usd,
    /// Since the month began, in local time.
    pub month: Usd,
}
