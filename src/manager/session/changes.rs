//! Whether something changed in memory that the pool of accounts shows. Each room touches the one count, and whoever made a pool
//! compares it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A count that is shared by the rooms.
#[derive(Clone, Debug, Default)]
pub struct Changes(Arc<AtomicU64>);

impl Changes {
    /// Something changed that the pool shows.
    pub fn touch(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// How often something changed.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}
