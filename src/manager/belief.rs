//! What this process believes of accounts beyond the accounts file: limits, benches, quotas and missing models that are on
//! their way there, and what all processes of this machine know together.
//!
//! The room decides and remembers, and does nothing else: it knows no file, no ledger, no clock and no task. An outcome
//! comes in, [`Effects`] go out; the facade writes them. Its state and its decisions are here rather than in the domain,
//! because each decision changes the state that the next one is made from. The rule of the breakers, which the ledger
//! follows too, is the domain's.
//!
//! One lock, held for microseconds and never across an await. Its own code takes no other lock while it holds it.

pub(super) mod attempt;
pub mod bench_words;
pub(super) mod facts;
mod known;
pub(super) mod limits;
mod quota;
mod siblings;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use attempt::{Attempt, Effects, TokenRefusal};
pub use facts::{Change, Facts, Reported};
pub use known::Known;
pub use quota::{QuotaNews, QuotaRule};
pub use siblings::{Observation, Shared, Siblings, SpendingLimits};

use super::session::Changes;
use crate::domain::health::Outcome;
use crate::domain::time::Timestamp;

/// What this process believes, shared by whoever asks.
pub struct Belief(Mutex<Known>);

impl Belief {
    /// Believes nothing yet; reports to `changes` what the pool shows.
    pub fn new(changes: Changes) -> Belief {
        Belief(Mutex::new(Known::new(changes)))
    }

    /// What is believed now. Held for microseconds and never across an await.
    pub fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what an attempt proved. `is_current` says whether its account has the credential still that the attempt was
    /// made with; it is asked only where that matters, without the lock.
    pub fn apply(
        &self,
        outcome: &Outcome,
        attempt: &Attempt<'_>,
        now: Timestamp,
        is_current: impl FnOnce() -> bool,
    ) -> Effects {
        let is_current = self.lock().depends_on_credential(outcome, attempt) && is_current();
        self.lock().apply(outcome, attempt, is_current, now)
    }
}
