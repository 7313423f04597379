//! What decides: plain values and pure functions. No runtime, files, environment, clock or randomness; the
//! time is an argument.

pub mod account;
pub mod time;
