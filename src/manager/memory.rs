//! What the books remember besides the ledger.

use std::collections::BTreeSet;

use super::books::usage::Usage;

/// Everything behind one lock that is held for microseconds and never across an await.
#[derive(Default)]
pub struct Memory {
    /// What accounts used, as the ledger reported it last.
    pub usage: Usage,
    /// Models without a price that a limit is over, which was reported.
    pub unpriced: BTreeSet<String>,
}
