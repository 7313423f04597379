//! Points in time as the accounts file and the wire spell them: unix milliseconds. And the days that money is
//! counted by.

mod day;

use std::time::Duration;

pub use day::Day;

/// A point in time in unix milliseconds. Arithmetic saturates, so an absurd value read from a file or a
/// header can never overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The unix milliseconds.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// How long it is after 1970 began, as the times of files are given; zero before.
    pub fn since_1970(self) -> Duration {
        self.since(Timestamp(0))
    }

    /// This time, `wait` later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This time, `length` earlier.
    #[must_use]
    pub fn before(self, length: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(i64::try_from(length.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long from `now` until this time; zero when it has passed.
    pub fn since(self, now: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(now.0)).unwrap_or(0))
    }
}
