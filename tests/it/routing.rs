//! Choosing, limiting and counting, on the shipped binary.

mod bound;
mod breaker;
mod costs;
mod counting;
mod held;
mod ledger;
mod limits;
mod spending;
mod strategies;
mod waits;
