//! What the server knows: its keys and their scripts, what its answers say, and its traffic.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::answer::Answer;
use crate::traffic::Traffic;

/// Shared by the handle and every connection. No lock is held across an await.
pub(super) struct State {
    keys: Mutex<HashMap<String, Key>>,
    text: RwLock<Arc<str>>,
    spares_listings: AtomicBool,
    pub(super) traffic: Arc<Traffic>,
}

#[derive(Default)]
struct Key {
    scripted: VecDeque<Answer>,
    standing: Option<Answer>,
}

impl State {
    pub(super) fn new(traffic: Arc<Traffic>) -> State {
        State {
            keys: Mutex::default(),
            text: RwLock::new(super::DEFAULT_TEXT.into()),
            spares_listings: AtomicBool::new(false),
            traffic,
        }
    }

    pub(super) fn add_key(&self, key: &str) {
        lock(&self.keys).entry(key.to_owned()).or_default();
    }

    pub(super) fn script(&self, key: &str, answer: Answer) {
        lock(&self.keys).entry(key.to_owned()).or_default().scripted.push_back(answer);
    }

    pub(super) fn always(&self, key: &str, answer: Option<Answer>) {
        lock(&self.keys).entry(key.to_owned()).or_default().standing = answer;
    }

    pub(super) fn spare_listings(&self, on: bool) {
        self.spares_listings.store(on, Ordering::Relaxed);
    }

    /// The answer that the next request of `key` gets, which may be for the list of models; `None` when the key is not known.
    pub(super) fn take_answer(&self, key: &str, lists: bool) -> Option<Answer> {
        let mut keys = lock(&self.keys);
        let key = keys.get_mut(key)?;
        if lists && self.spares_listings.load(Ordering::Relaxed) {
            return Some(Answer::Normal);
        }
        Some(key.scripted.pop_front().or_else(|| key.standing.clone()).unwrap_or(Answer::Normal))
    }

    pub(super) fn set_text(&self, text: &str) {
        *self.text.write().unwrap_or_else(PoisonError::into_inner) = text.into();
    }

    pub(super) fn text(&self) -> Arc<str> {
        Arc::clone(&self.text.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The sixteen digits by which ids name the account that `key` stands for.
pub(super) fn owner(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
