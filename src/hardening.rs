//! What a process that holds keys asks of the system: no core files, no reading of its memory by others, and
//! enough open files for many streams.

mod wiping;

pub use wiping::{Wiping, wipe_for_a_while};

/// Asks for all of it. What the system refuses is written to the log; the process is useful all the same.
pub fn apply() {
    for error in crate::sys::processes::harden() {
        tracing::debug!("the system refused: {error}");
    }
}
