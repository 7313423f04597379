//! Screens for tests: realistic facts, a frozen clock, and the screen as text with its styles beside it.

pub mod facts;
pub mod keys;
pub mod screen;

use crate::domain::time::Timestamp;

/// When the tests are: 2026-11-29 12:00:00 in the zone of their clock.
pub const NOW: Timestamp = Timestamp(1_795_953_600_000);

/// So many milliseconds are a minute.
pub const MINUTE: i64 = 60_000;
/// So many are an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// So many are a day.
pub const DAY: i64 = 24 * HOUR;
