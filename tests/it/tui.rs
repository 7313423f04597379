//! The terminal screen on a real terminal, beside real sessions.

mod ending;
mod slow;
mod stopping;
