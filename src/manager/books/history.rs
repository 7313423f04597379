//! What a person inspects in the ledger: attempts as they are written, those before, and use by hours and days. No request
//! waits for any of it, and the ledger is only read.

pub use crate::ledger::{Attempt, Attempts, Look, ModelUsage, Span};
