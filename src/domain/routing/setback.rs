//! Why an account that was tried for a request did not serve it: the reason in the error if none does.

use super::eligibility::{Obstacle, Reason};
use crate::domain::health::{BENCH, Outcome, UNSERVED};
use crate::domain::time::Timestamp;

/// Why an account that was tried did not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setback {
    /// Something that keeps it from other requests too, until then if that ends by itself.
    Obstacle(Obstacle),
    /// It failed to answer as it should, with this status.
    Failed(u16),
    /// It gave no answer.
    NoAnswer,
    /// This request alone is more than it may use in a minute.
    TooLarge,
    /// A challenge or block page came in the place of its answer, of Cloudflare's if that is known.
    Blocked {
        /// It says that it is Cloudflare's.
        is_cloudflare: bool,
    },
    /// It refused the request for a reason of its own, with this status.
    Refused(u16),
    /// It has no token now.
    NoToken,
    /// Its credential cannot be sent.
    Unsendable,
}

impl Setback {
    /// What `outcome` of an answer with this status means for the request. `None` when the answer stands.
    pub fn of(outcome: &Outcome, status: u16, now: Timestamp) -> Option<Setback> {
        let obstacle = |reason, wait| Some(Setback::Obstacle(Obstacle { reason, until: Some(now.after(wait)) }));
        match outcome {
            Outcome::Success | Outcome::PassThrough => None,
            Outcome::RateLimited { wait } | Outcome::UsageLimited { wait } | Outcome::ModelLimited { wait } => {
                obstacle(Reason::RateLimited, *wait)
            }
            Outcome::OutOfQuota | Outcome::Misassigned | Outcome::AccountRefused { .. } => {
                obstacle(Reason::CoolingDown, BENCH)
            }
            Outcome::CredentialRefused { .. } => {
                Some(Setback::Obstacle(Obstacle { reason: Reason::NeedsLogin, until: None }))
            }
            Outcome::ModelUnavailable { .. } => obstacle(Reason::NotServed, UNSERVED),
            Outcome::TooLarge => Some(Setback::TooLarge),
            Outcome::Blocked { is_cloudflare } => Some(Setback::Blocked { is_cloudflare: *is_cloudflare }),
            Outcome::RefusedHere => Some(Setback::Refused(status)),
            // One that a stream reported has no status of its own.
            Outcome::ServerFailure { .. } => Some(Setback::Failed(if status < 500 { 503 } else { status })),
            Outcome::Unreachable => Some(Setback::NoAnswer),
        }
    }
}
