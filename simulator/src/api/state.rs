//! What the API knows: its keys and the scripts of each.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::face::Doors;
use crate::answer::Answer;
use crate::common::Common;
use crate::script::Script;

/// Shared by the handle and every connection. No lock is held across an await.
pub struct Api {
    pub(super) keys: Mutex<HashMap<String, Script>>,
    pub(super) spares_listings: AtomicBool,
    pub(super) common: Common,
    pub(super) doors: Doors,
}

impl Api {
    /// Does something with the script of `key`, which is valid from now on.
    pub(super) fn with_script(&self, key: &str, change: impl FnOnce(&mut Script)) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        change(keys.entry(key.to_owned()).or_default());
    }

    /// The answer that the next request of `key` gets; `None` when the key is not known. No script is asked for a listing that
    /// is spared.
    pub(super) fn take_answer(&self, key: &str, is_listing: bool) -> Option<Answer> {
        let is_spared = is_listing && self.spares_listings.load(Relaxed);
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let script = keys.get_mut(key)?;
        Some(if is_spared { Answer::Normal } else { script.take() })
    }
}

/// The sixteen digits by which ids name the account that `key` stands for.
pub(super) fn owner(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
