//! The one source of time.
#![expect(clippy::disallowed_methods, reason = "this file wraps the clock")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point in time in unix milliseconds. Arithmetic saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The unix milliseconds.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// This time, `wait` later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// The machine's wall clock.
pub(crate) fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

/// A reading of the clock that never goes back.
pub(crate) fn instant() -> Instant {
    Instant::now()
}
