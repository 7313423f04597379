//! What an attempt proved, and what is believed about an account because of it.

pub mod breaker;
pub mod breakers;
pub mod classify;
pub mod condition;
pub mod retry_after;

use std::time::Duration;

use super::time::Timestamp;

/// How long an account stays benched before one request may probe it.
pub const BENCH: Duration = Duration::from_secs(60 * 60);

/// No wait is believed beyond this: the longest window is a week.
pub const LONGEST_WAIT: Duration = Duration::from_secs(8 * 24 * 60 * 60);

/// An account that is out of every family's reach until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cooldown {
    /// When it ends.
    pub until: Timestamp,
    /// Why, as the accounts file spells it: `insufficient-quota`, `auth-failure`, `account-refused` or what another tool wrote.
    pub reason: String,
}

impl Cooldown {
    /// Whether it still holds. One that ends further away than any wait can came from a clock that jumped.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until > now && self.until <= now.after(LONGEST_WAIT)
    }

    /// Whether the account, once the time is over, is to be tried by one request at a time first.
    pub fn ends_in_probe(&self) -> bool {
        matches!(self.reason.as_str(), REASON_QUOTA | REASON_AUTH | REASON_REFUSED)
    }
}

/// The owner has to pay or raise a limit.
pub const REASON_QUOTA: &str = "insufficient-quota";
/// The key was refused.
pub const REASON_AUTH: &str = "auth-failure";
/// The account or its organisation is deactivated.
pub const REASON_REFUSED: &str = "account-refused";

/// What a circuit breaker says to the next request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    /// Requests pass.
    #[default]
    Closed,
    /// None passes before this time; afterwards one may probe.
    Open {
        /// When a probe is due.
        until: Timestamp,
    },
}

/// What one upstream attempt proved about the account, its host or the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It served.
    Success,
    /// The request's own fault, or nobody's: passed through, nobody is blamed.
    PassThrough,
    /// A rate limit that ends this soon from now.
    RateLimited {
        /// How long to wait.
        wait: Duration,
    },
    /// The plan of a ChatGPT login is used up for every family, and free again this soon from now.
    UsageLimited {
        /// How long to wait.
        wait: Duration,
    },
    /// No quota or a billing problem: waiting does not help.
    OutOfQuota,
    /// The key is wrong or revoked.
    KeyRefused,
    /// The account or its organisation is deactivated.
    AccountRefused,
    /// This account does not have the model.
    ModelUnavailable,
    /// The upstream failed; `overloaded` when it says that it is the host that is too busy.
    ServerFailure {
        /// The host's fault, not the account's.
        overloaded: bool,
    },
    /// No answer came.
    Unreachable,
}
