//! What the API knows: its keys and the scripts of each.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
#[cfg(feature = "scripting")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::answer::Answer;
use crate::common::Common;
use crate::script::Script;

/// Shared by the handle and every connection. No lock is held across an await.
pub struct Api {
    keys: Mutex<HashMap<String, Script>>,
    #[cfg(feature = "scripting")]
    spares_listings: AtomicBool,
    pub(super) common: Common,
}

impl Api {
    pub(super) fn new(common: Common) -> Api {
        Api {
            keys: Mutex::default(),
            #[cfg(feature = "scripting")]
            spares_listings: AtomicBool::new(false),
            common,
        }
    }

    /// Does something with the script of `key`, which is valid from now on.
    pub(super) fn with_script(&self, key: &str, change: impl FnOnce(&mut Script)) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        change(keys.entry(key.to_owned()).or_default());
    }

    #[cfg(feature = "scripting")]
    pub(super) fn spare_listings(&self, on: bool) {
        self.spares_listings.store(on, Ordering::Relaxed);
    }

    /// Whether `key` is known.
    #[cfg(feature = "scripting")]
    fn is_known(&self, key: &str) -> bool {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }

    /// The answer to a list of models for `key`, where no script is to answer that.
    #[cfg(feature = "scripting")]
    pub(super) fn spared_listing(&self, key: &str) -> Option<Answer> {
        let is_spared = self.spares_listings.load(Ordering::Relaxed) && self.is_known(key);
        is_spared.then_some(Answer::Normal)
    }

    /// The answer that the next request of `key` gets; `None` when the key is not known.
    pub(super) fn take_answer(&self, key: &str) -> Option<Answer> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).get_mut(key).map(Script::take)
    }
}

/// The sixteen digits by which ids name the account that `key` stands for.
pub(super) fn owner(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
