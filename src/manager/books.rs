//! What requests cost and how they are counted: the ledger's entries, spending limits, usage, metrics, and the requests that
//! wait for an account.

pub mod history;
pub(super) mod metrics;
pub(super) mod queue;
pub mod spending;
pub mod usage;
