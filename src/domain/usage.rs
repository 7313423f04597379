//! What requests used: tokens, and the money they cost.

pub mod money;
pub mod pricing;
pub mod quota;
pub mod rate_headers;
pub mod tokens;

use std::ops::{Add, AddAssign};

pub use money::Usd;

/// Tokens of one or more requests. Sums saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// What went in, with what came from the cache.
    pub input: u64,
    /// The part of `input` that came from the cache.
    pub cached: u64,
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

/// The money an account has spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Since the last local midnight.
    pub today: Usd,
    /// Since the month began, in local time.
    pub month: Usd,
}
