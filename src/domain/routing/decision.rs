//! The decision of routing, with its reason.

use std::time::Duration;

use super::Strategy;
use super::eligibility::{Obstacle, Reason};
use super::setback::Setback;
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::usage::Overspent;

/// The outcome of a choice.
#[derive(Clone, Debug, PartialEq)]
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
    /// It owns a resource that the request names.
    Bound,
    /// A person switched to it.
    Pinned,
    /// The one in use cannot serve, or others were tried for this request already.
    Failover,
    /// None was in use yet.
    First,
    /// The strategy prefers it; of `sticky`: it is the one in use.
    Strategy(Strategy),
}

impl Why {
    /// The word on the wire and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Why::Bound => "bound",
            Why::Pinned => "pinned",
            Why::Failover => "failover",
            Why::First => "first",
            Why::Strategy(strategy) => strategy.name(),
        }
    }
}

/// Why nothing can serve.
#[derive(Clone, Debug, PartialEq)]
pub struct Exhausted {
    /// Every account that might have been chosen and what stands in its way: all there are, or the one that the
    /// request is bound to.
    pub candidates: Vec<Candidate>,
    /// When the first of them can serve again, if waiting helps any.
    pub available_at: Option<Timestamp>,
    /// At least one account cannot serve only because of a limit that ends by itself.
    pub rate_limited: bool,
    /// The budget that is spent, whatever account would serve.
    pub overspent: Option<Box<Overspent>>,
}

/// What would be chosen now, and how each account stands to that.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The account a request would get; `None` when none can serve.
    pub chosen: Option<Choice>,
    /// Every account in the order of the pool.
    pub candidates: Vec<Candidate>,
    /// When nothing is chosen: when the first that may be can serve again, if waiting helps any.
    pub available_at: Option<Timestamp>,
    /// The budget that is spent, whatever account would serve.
    pub overspent: Option<Overspent>,
}

/// One account as routing saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The account.
    pub account: AccountId,
    /// Its position in the pool.
    pub position: usize,
    /// What stands in its way; empty when it can serve.
    pub obstacles: Vec<Obstacle>,
    /// It is out for this request, whether it could serve or not: it was tried already, or a sibling is probing it.
    pub excluded: bool,
    /// What came of it when it was tried for this request.
    pub tried: Option<Setback>,
    /// It is benched because it was refused: it is not known that time helps.
    pub is_refused: bool,
    /// It can serve, but only as a probe: one request at a time on the whole machine.
    pub probe: bool,
    /// What the strategy compares accounts by, for those that compare a number.
    pub score: Option<f64>,
}

impl Exhausted {
    /// The same, with what came of the accounts that were tried for the request: it is the reason why they are out, also
    /// where nothing keeps them from the next one.
    #[must_use = "this returns the decision with its reasons"]
    pub fn with_tried(mut self, tried: &[(AccountId, Setback)], now: Timestamp) -> Exhausted {
        for candidate in &mut self.candidates {
            let setback =
                tried.iter().rev().find(|(account, _)| *account == candidate.account).map(|(_, setback)| *setback);
            candidate.tried = setback;
            if let (Some(Setback::Obstacle(obstacle)), true) = (setback, candidate.obstacles.is_empty()) {
                // A limit that is over by now is no answer; the next request may be.
                let until = obstacle.until.map(|until| until.max(now.after(SOON)));
                candidate.obstacles.push(Obstacle { until, ..obstacle });
            }
        }
        Exhausted::of(self.candidates)
    }

    /// The same, where this budget is spent.
    #[must_use = "this returns the decision with its budget"]
    pub fn with_overspent(self, overspent: Option<Overspent>) -> Exhausted {
        Exhausted { overspent: overspent.map(Box::new), ..self }
    }

    /// What these candidates come to.
    pub(super) fn of(candidates: Vec<Candidate>) -> Exhausted {
        let ends_by_itself = |candidate: &Candidate| {
            candidate.available_at().is_some()
                && !candidate.is_refused
                && candidate
                    .reasons()
                    .all(|reason| matches!(reason, Reason::OverLimit | Reason::RateLimited | Reason::CoolingDown))
        };
        Exhausted {
            available_at: candidates.iter().filter_map(Candidate::available_at).min(),
            rate_limited: candidates.iter().any(ends_by_itself),
            overspent: None,
            candidates,
        }
    }
}

/// When a request that was refused for a limit which is over may come again.
const SOON: Duration = Duration::from_secs(1);

impl Candidate {
    /// When the last obstacle is gone by itself; `None` when one of them stays, or there is none.
    pub fn available_at(&self) -> Option<Timestamp> {
        self.obstacles.iter().map(|obstacle| obstacle.until).reduce(|one, other| Some(one?.max(other?))).flatten()
    }

    /// The reasons, in the order of their weight.
    pub fn reasons(&self) -> impl Iterator<Item = Reason> {
        self.obstacles.iter().map(|obstacle| obstacle.reason)
    }
}
