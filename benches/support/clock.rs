//! Moments to count from, without linking the product for them.
#![expect(clippy::disallowed_methods, reason = "this file is what a bench has for the product's clock")]

use std::time::Instant;

/// Now.
pub fn now() -> Instant {
    Instant::now()
}
