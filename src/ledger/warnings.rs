//! What a person has to know about the ledger, each once until it is well again.

use std::sync::{Mutex, PoisonError};

/// What a warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// A damaged file was set aside.
    Damaged,
    /// Another process holds the file.
    Busy,
    /// Nothing can be written.
    NotWritten,
    /// What was spent cannot be read.
    NotRead,
    /// Too much waits.
    Full,
}

/// The warnings that nobody took yet, and what was reported already.
#[derive(Debug, Default)]
pub(super) struct Warnings(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    texts: Vec<String>,
    reported: Vec<Topic>,
}

/// No more are kept: whoever never takes them needs no more either.
const MOST: usize = 32;

impl Warnings {
    /// Warns, unless it was reported.
    pub(super) fn report(&self, topic: Topic, text: impl FnOnce() -> String) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.reported.contains(&topic) {
            return;
        }
        state.reported.push(topic);
        let text = text();
        tracing::warn!("{text}");
        if state.texts.len() < MOST {
            state.texts.push(text);
        }
    }

    /// It is well again: the next trouble is reported.
    pub(super) fn well(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).reported.clear();
    }

    /// The warnings that nobody took yet.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).texts)
    }
}
