//! The circuit breaker: after some failures in a row nothing passes for a while, then one probe decides.

use std::time::Duration;

use super::Gate;
use crate::domain::time::Timestamp;

/// When a breaker opens and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open before a probe.
    pub open_for: Duration,
}

/// The failures in a row of one account or one host, and what they led to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// The failures in a row so far.
    pub failures: u32,
    /// Until when it is open, if it ever opened since the last success.
    pub open_until: Option<Timestamp>,
}

impl Breaker {
    /// A failure counts; the last one that is tolerated opens it, and one while open (a failed probe) opens it again.
    pub fn failed(&mut self, settings: BreakerSettings, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= settings.failures {
            self.open_until = Some(now.after(settings.open_for));
        }
    }

    /// What it says to the next request. An end that is further away than it can came from a clock that
    /// jumped, and lets a probe through.
    pub fn gate(&self, settings: BreakerSettings, now: Timestamp) -> Gate {
        match self.open_until {
            None => Gate::Closed,
            Some(until) if until > now.after(settings.open_for) => Gate::Open { until: now },
            Some(until) => Gate::Open { until },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: BreakerSettings = BreakerSettings { failures: 3, open_for: Duration::from_secs(60) };

    #[test]
    fn three_failures_open_it_and_two_do_not() {
        let mut breaker = Breaker::default();
        let now = Timestamp(1_000);
        breaker.failed(SETTINGS, now);
        breaker.failed(SETTINGS, now);
        assert_eq!(breaker.gate(SETTINGS, now), Gate::Closed);
        breaker.failed(SETTINGS, now);
        assert_eq!(breaker.gate(SETTINGS, now), Gate::Open { until: Timestamp(61_000) });
    }

    #[test]
    fn a_failed_probe_opens_it_for_as_long_again() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            breaker.failed(SETTINGS, Timestamp(0));
        }
        breaker.failed(SETTINGS, Timestamp(60_000));
        assert_eq!(breaker.gate(SETTINGS, Timestamp(60_001)), Gate::Open { until: Timestamp(120_000) });
    }

    #[test]
    fn a_clock_set_back_a_day_does_not_keep_it_open_for_a_day() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            breaker.failed(SETTINGS, Timestamp(86_400_000));
        }
        assert_eq!(breaker.gate(SETTINGS, Timestamp(0)), Gate::Open { until: Timestamp(0) });
    }
}
