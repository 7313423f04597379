//! What routing decided, with its why.

use super::eligibility::{Obstacle, Reason};
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;

/// The outcome of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Use this account.
    Use(Choice),
    /// No account can serve.
    Exhausted(Exhausted),
}

/// The chosen account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its position in the pool.
    pub position: usize,
    /// Why it was chosen.
    pub why: Why,
    /// It was benched and is due for a probe: only one request at a time, on the whole machine, may use it.
    pub probe: bool,
}

/// Why an account was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A person switched to it.
    Pinned,
    /// It is the one in use.
    Sticky,
    /// The one in use cannot serve; this one has the fewest live sessions.
    Failover,
    /// None was in use yet.
    First,
}

impl Why {
    /// The word on the wire and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Why::Pinned => "pinned",
            Why::Sticky => "sticky",
            Why::Failover => "failover",
            Why::First => "first",
        }
    }
}

/// Why nothing can serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// Every account and what stands in its way.
    pub candidates: Vec<Candidate>,
    /// When the first of them can serve again, if waiting helps any.
    pub available_at: Option<Timestamp>,
    /// At least one account would serve but for a limit that ends by itself.
    pub rate_limited: bool,
}

/// One account as routing saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The account.
    pub account: AccountId,
    /// What stands in its way; empty when it can serve.
    pub obstacles: Vec<Obstacle>,
}

impl Candidate {
    /// When the last obstacle is gone by itself; `None` when one of them stays, or there is none.
    pub fn available_at(&self) -> Option<Timestamp> {
        let ends: Option<Vec<Timestamp>> = self.obstacles.iter().map(|obstacle| obstacle.until).collect();
        ends?.into_iter().max()
    }

    /// The reasons, in the order of their weight.
    pub fn reasons(&self) -> impl Iterator<Item = Reason> {
        self.obstacles.iter().map(|obstacle| obstacle.reason)
    }
}
