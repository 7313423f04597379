//! The revisions that this process wrote, so that its changes do not pass for a sibling's, nor a sibling's for its own.

use std::collections::BTreeSet;

/// A revision is asked about within seconds; a process that runs for weeks must not keep every one it wrote.
const MOST: usize = 1_024;

/// Those of one file.
#[derive(Debug, Default)]
pub(super) struct Revisions {
    store_id: String,
    numbers: BTreeSet<u64>,
}

impl Revisions {
    /// One that is about to be written: whoever reads the file meanwhile asks about it at once.
    pub(super) fn begin(&mut self, store_id: &str, revision: u64) {
        if self.store_id != store_id {
            store_id.clone_into(&mut self.store_id);
            self.numbers.clear();
        }
        self.numbers.insert(revision);
        if self.numbers.len() > MOST {
            self.numbers.pop_first();
        }
    }

    /// It was not written, and the next writer may be another process.
    pub(super) fn take_back(&mut self, revision: u64) {
        self.numbers.remove(&revision);
    }

    pub(super) fn contains(&self, store_id: &str, revision: u64) -> bool {
        self.store_id == store_id && self.numbers.contains(&revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_of_one_file_are_remembered_and_none_that_was_not_written() {
        let mut own = Revisions::default();
        own.begin("a", 7);
        assert!(own.contains("a", 7) && !own.contains("b", 7) && !own.contains("a", 8));
        own.take_back(7);
        assert!(!own.contains("a", 7));
        (1..=2_000).for_each(|revision| own.begin("a", revision));
        assert_eq!((own.numbers.len(), own.contains("a", 2_000), own.contains("a", 1)), (MOST, true, false));
        own.begin("b", 1);
        assert!(own.contains("b", 1) && !own.contains("a", 2_000));
    }
}
