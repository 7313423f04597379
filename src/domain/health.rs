//! The outcome of an attempt, and what it means for the account.

pub mod breaker;
pub mod breakers;
pub mod classify;
pub mod condition;
pub mod model_refusal;
pub mod retry_after;

use std::time::Duration;

use super::time::Timestamp;

/// How long an account stays benched before one request may probe it.
pub const BENCH: Duration = Duration::from_secs(60 * 60);

/// How long an account is believed not to have a model.
pub const UNSERVED: Duration = Duration::from_secs(60 * 60);

/// No wait is believed beyond this: the longest window is a week.
pub const LONGEST_WAIT: Duration = Duration::from_secs(8 * 24 * 60 * 60);

/// An account that is out of every family's reach until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cooldown {
    /// When it ends.
    pub until: Timestamp,
    /// When it began, if the file says so.
    pub since: Option<Timestamp>,
    /// Why, as the accounts file spells it: one of the reasons below, or what another tool wrote.
    pub reason: String,
}

impl Cooldown {
    /// Whether it still holds.
    pub fn holds(&self, now: Timestamp) -> bool {
        holds(self.until, self.since, now)
    }

    /// Whether the account, once the time is over, is to be tried by one request at a time first.
    pub fn ends_in_probe(&self) -> bool {
        let is_own = matches!(self.reason.as_str(), REASON_QUOTA | REASON_AUTH | REASON_REFUSED | REASON_MISASSIGNED);
        is_own || is_of_a_workspace(&self.reason)
    }

    /// Whether the account was refused, which no waiting helps by itself. The codes of providers are spelled with `_`, the
    /// reasons of programs with `-`.
    pub fn is_refusal(&self) -> bool {
        let is_own = matches!(self.reason.as_str(), REASON_AUTH | REASON_REFUSED | REASON_MISASSIGNED);
        is_own || !(self.reason.is_empty() || self.reason.contains('-'))
    }
}

/// The owner has to pay or raise a limit.
pub const REASON_QUOTA: &str = "insufficient-quota";
/// The key was refused.
pub const REASON_AUTH: &str = "auth-failure";
/// The account or its organisation is deactivated.
pub const REASON_REFUSED: &str = "account-refused";

/// The organisation or project that is sent with the key is not the key's.
pub const REASON_MISASSIGNED: &str = "organization-mismatch";

/// The code of a workspace that is not to be reached from here, which has no code of its own.
pub const WORKSPACE_NOT_AUTHORIZED: &str = "workspace_not_authorized";

/// Whether a code is of a login's workspace, such as `deactivated_workspace`.
pub fn is_of_a_workspace(code: &str) -> bool {
    code.contains("workspace")
}

/// How long a login is left alone whose token is refused just after it was renewed, at first.
const FIRST_REFUSAL: Duration = Duration::from_secs(60);

/// How long a login is left alone whose renewed token was refused to an attempt that began at `began`: twice as long as the
/// last time when that is not long over, an hour at most. `None` when another attempt, under way at the same time, had it
/// left alone since: of a hundred requests at once it is refused once.
pub fn refusal_bench(last: Option<&Cooldown>, began: Timestamp, now: Timestamp) -> Option<Duration> {
    let last = last.filter(|last| last.until.after(BENCH) > now && last.until <= now.after(BENCH));
    if last.is_some_and(|last| last.holds(now) && last.since.is_some_and(|since| since >= began)) {
        return None;
    }
    let length = last.and_then(|last| Some(last.until.since(last.since?)));
    Some(length.map_or(FIRST_REFUSAL, |length| (length * 2).clamp(FIRST_REFUSAL, BENCH)))
}

/// Two clocks that agree differ by less than this.
pub const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// A limit of a family, a model or a whole account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// When it ends.
    pub until: Timestamp,
    /// When it was met, if that is known.
    pub since: Option<Timestamp>,
}

impl Limit {
    /// One of which it is not known when it was met.
    pub fn ending(until: Timestamp) -> Limit {
        Limit { until, since: None }
    }

    /// Whether it still holds.
    pub fn holds(&self, now: Timestamp) -> bool {
        holds(self.until, self.since, now)
    }
}

/// Whether something that keeps an account out until `until`, known since `since`, still does at `now`. What ends further
/// away than any wait can, or began in the future, came from a clock that was set back since: how much of it is over is
/// not known, and asking once more costs one failover at most.
fn holds(until: Timestamp, since: Option<Timestamp>, now: Timestamp) -> bool {
    until > now && until <= now.after(LONGEST_WAIT) && since.is_none_or(|since| since <= now.after(CLOCK_SLACK))
}

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
    /// The meter of one model is used up, and free again this soon from now: the account's other models are not concerned.
    ModelLimited {
        /// How long to wait.
        wait: Duration,
    },
    /// This request alone is more than the account may use in a minute: no waiting helps it, and nothing is limited.
    TooLarge,
    /// No quota or a billing problem: waiting does not help.
    OutOfQuota,
    /// The key or token is refused.
    CredentialRefused {
        /// The code that says why, where there is one.
        code: Option<String>,
    },
    /// The organisation or project that is sent with the key does not fit it.
    Misassigned,
    /// The account, its organisation or its workspace is deactivated, or refuses it.
    AccountRefused {
        /// The code that says why, where there is one.
        code: Option<String>,
    },
    /// Something before the provider answered: a challenge or a block page.
    Blocked {
        /// It says that it is Cloudflare's.
        is_cloudflare: bool,
    },
    /// Refused for a reason of this account that is not known; another one may serve.
    RefusedHere,
    /// This account does not have the model.
    ModelUnavailable {
        /// It may have it for a newer client.
        is_of_version: bool,
    },
    /// The upstream failed; `overloaded` when it says that it is the host that is too busy.
    ServerFailure {
        /// The host's fault, not the account's.
        overloaded: bool,
    },
    /// No answer came.
    Unreachable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewed_token_that_is_refused_again_and_again_is_left_alone_for_longer() {
        let minutes = |count: i64| Timestamp(count * 60_000);
        let benched = |since: i64, until: i64| Cooldown {
            since: Some(minutes(since)),
            until: minutes(until),
            reason: "token_revoked".to_owned(),
        };
        for (last, now, expected) in [
            (None, 100, 1),
            (Some(benched(100, 101)), 101, 2),
            (Some(benched(100, 132)), 133, 60),
            (Some(benched(100, 160)), 161, 60),
            // It served for an hour and more in between.
            (Some(benched(100, 132)), 193, 1),
            (Some(Cooldown { since: None, ..benched(100, 132) }), 133, 1),
            // The clock was set back.
            (Some(benched(1_000, 1_016)), 101, 1),
        ] {
            let length = refusal_bench(last.as_ref(), minutes(now), minutes(now));
            assert_eq!(length, Some(Duration::from_secs(expected * 60)), "{last:?} at {now}");
        }
        let last = benched(100, 101);
        for (began, now, expected) in [
            (Timestamp(99 * 60_000), Timestamp(100 * 60_000 + 1), None),
            (minutes(100), Timestamp(100 * 60_000 + 1), None),
            // A probe, or one that goes there whatever is believed.
            (Timestamp(100 * 60_000 + 1), Timestamp(100 * 60_000 + 2), Some(120)),
            (minutes(99), minutes(101), Some(120)),
        ] {
            let length = refusal_bench(Some(&last), began, now);
            assert_eq!(length, expected.map(Duration::from_secs), "{began:?} to {now:?}");
        }
    }
}
