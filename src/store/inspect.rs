//! What can be learned about the accounts file without changing or waiting for anything: who holds its lock, and the state
//! before the last write.

use super::Store;
use super::format::{MAX_FILE_BYTES, State};
use super::holder::{Holder, holder};
use crate::files;

/// The lock of the accounts file at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockState {
    /// Nobody holds it.
    Free,
    /// Somebody does: who, as far as they signed it.
    Held(Option<Holder>),
}

impl Store {
    /// Whether a process holds the lock of the accounts file. One that cannot be opened is nobody's.
    pub fn lock_state(&self) -> LockState {
        let path = &self.0.places().lock;
        match files::open_to_ask(path) {
            Ok(file) if files::lock::is_held(&file).unwrap_or(false) => LockState::Held(holder(path)),
            _ => LockState::Free,
        }
    }

    /// The state before the last write; `None` when there is none that can be read.
    pub fn previous(&self) -> Option<State> {
        State::from_json(&files::read_if_there(&self.0.places().previous, MAX_FILE_BYTES).ok()??).ok()
    }
}
