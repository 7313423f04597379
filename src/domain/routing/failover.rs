//! The next step after an attempt that did not serve: one rule for requests and for the turns of a socket.

use std::time::Duration;

use crate::domain::health::Outcome;
use crate::domain::health::retry_after::SHORTEST_LIMIT;

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The answer is the client's.
    Stands,
    /// Another account is tried. When none is left, this answer is given back as `keeps` says.
    Another {
        /// Whether it is kept for that.
        keeps: Keeps,
    },
}

/// Whether an answer is kept for the case that no account serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// Its own words serve nobody: when no account is left there is one answer for all.
    Nothing,
    /// The first of its kind.
    First,
    /// The last one.
    Last,
}

/// Whether `outcome` counts among the failures that a request's attempts are bounded by.
pub fn is_failure(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::ServerFailure { .. } | Outcome::Unreachable)
}

/// What follows from `outcome`. `is_spent` when no failure more is to be tried.
pub fn verdict(outcome: &Outcome, is_spent: bool) -> Verdict {
    match outcome {
        Outcome::Success | Outcome::PassThrough => Verdict::Stands,
        Outcome::RateLimited { .. }
        | Outcome::UsageLimited { .. }
        | Outcome::ModelLimited { .. }
        | Outcome::OutOfQuota
        | Outcome::CredentialRefused { .. }
        | Outcome::Misassigned
        | Outcome::AccountRefused { .. }
        | Outcome::Blocked { .. } => Verdict::Another { keeps: Keeps::Nothing },
        // The first such answer is the one to give when no account serves it.
        Outcome::ModelUnavailable { .. } | Outcome::RefusedHere => Verdict::Another { keeps: Keeps::First },
        Outcome::ServerFailure { .. } | Outcome::Unreachable if is_spent => Verdict::Stands,
        Outcome::TooLarge | Outcome::ServerFailure { .. } | Outcome::Unreachable => {
            Verdict::Another { keeps: Keeps::Last }
        }
    }
}

/// How long to wait before the same account is asked once more: a limit is waited out that is no longer than `longest`.
pub fn short_wait(outcome: &Outcome, longest: Duration) -> Option<Duration> {
    match outcome {
        Outcome::RateLimited { wait } if *wait <= longest => Some((*wait).max(Duration::from_millis(1))),
        _ => None,
    }
}

/// The same outcome when it is not waited for: no time at all was tried in vain, or cannot be tried.
pub fn unwaited(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::RateLimited { wait: Duration::ZERO } => Outcome::RateLimited { wait: SHORTEST_LIMIT },
        Outcome::UsageLimited { wait: Duration::ZERO } => Outcome::UsageLimited { wait: SHORTEST_LIMIT },
        Outcome::ModelLimited { wait: Duration::ZERO } => Outcome::ModelLimited { wait: SHORTEST_LIMIT },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_one_verdict() {
        let another = |keeps| Verdict::Another { keeps };
        for (outcome, is_spent, expected) in [
            (Outcome::PassThrough, false, Verdict::Stands),
            (Outcome::ModelLimited { wait: Duration::ZERO }, true, another(Keeps::Nothing)),
            (Outcome::OutOfQuota, false, another(Keeps::Nothing)),
            (Outcome::OutOfQuota, true, another(Keeps::Nothing)),
            (Outcome::ModelUnavailable { is_of_version: true }, false, another(Keeps::First)),
            (Outcome::TooLarge, false, another(Keeps::Last)),
            (Outcome::ServerFailure { overloaded: true }, false, another(Keeps::Last)),
            (Outcome::ServerFailure { overloaded: true }, true, Verdict::Stands),
            (Outcome::Unreachable, true, Verdict::Stands),
        ] {
            assert_eq!(verdict(&outcome, is_spent), expected, "{outcome:?}");
        }
    }

    #[test]
    fn only_short_rate_limits_are_waited_for() {
        let longest = Duration::from_secs(5);
        let limited = |wait| Outcome::RateLimited { wait: Duration::from_secs(wait) };
        assert_eq!(short_wait(&limited(5), longest), Some(longest));
        assert_eq!(short_wait(&limited(0), longest), Some(Duration::from_millis(1)));
        assert_eq!(short_wait(&limited(6), longest), None);
        assert_eq!(short_wait(&Outcome::OutOfQuota, longest), None);
        assert_eq!(unwaited(limited(0)), Outcome::RateLimited { wait: SHORTEST_LIMIT });
        assert_eq!(unwaited(limited(7)), limited(7));
    }
}
