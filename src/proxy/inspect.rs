//! The fifth step: what an upstream's answer proves, how much it used and what it made, read while it passes.

pub mod account_headers;
pub mod alike;
pub mod beginning;
pub mod choices;
pub mod collected;
pub mod fields;
pub mod meter;
pub mod refusal;
