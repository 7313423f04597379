//! Choosing, limiting and counting, on the shipped binary.

mod bound;
mod breaker;
mod costs;
mod counting;
mod credentials;
mod held;
mod ledger;
mod limits;
mod owners;
mod refusals;
mod spending;
mod strategies;
mod waits;
