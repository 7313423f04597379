//! What the server knows: its keys and their scripts, the requests so far, and a few counters.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use super::answer::Answer;
use super::record::{Entry, RecordedRequest};

/// Shared by the handle and every connection. No lock is held across an await.
pub(super) struct State {
    keys: Mutex<HashMap<String, Key>>,
    text: RwLock<Arc<str>>,
    requests: Mutex<Vec<Entry>>,
    recording: AtomicBool,
    serial: AtomicU64,
    pause_micros: AtomicU64,
    pub(super) streams: AtomicUsize,
    pub(super) connections: AtomicUsize,
    pub(super) accepted: AtomicUsize,
}

#[derive(Default)]
struct Key {
    scripted: VecDeque<Answer>,
    standing: Option<Answer>,
}

impl State {
    pub(super) fn new() -> State {
        State {
            keys: Mutex::default(),
            text: RwLock::new(super::DEFAULT_TEXT.into()),
            requests: Mutex::default(),
            recording: AtomicBool::new(true),
            serial: AtomicU64::new(0),
            pause_micros: AtomicU64::new(0),
            streams: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            accepted: AtomicUsize::new(0),
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

    /// The answer that the next request of `key` gets; `None` when the key is not known.
    pub(super) fn take_answer(&self, key: &str) -> Option<Answer> {
        let mut keys = lock(&self.keys);
        let key = keys.get_mut(key)?;
        Some(key.scripted.pop_front().or_else(|| key.standing.clone()).unwrap_or(Answer::Normal))
    }

    pub(super) fn set_text(&self, text: &str) {
        *self.text.write().unwrap_or_else(PoisonError::into_inner) = text.into();
    }

    pub(super) fn text(&self) -> Arc<str> {
        Arc::clone(&self.text.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn record(&self, entry: impl FnOnce() -> Entry) -> Option<Entry> {
        if !self.recording.load(Relaxed) {
            return None;
        }
        let entry = entry();
        lock(&self.requests).push(Arc::clone(&entry));
        Some(entry)
    }

    pub(super) fn requests(&self) -> Vec<RecordedRequest> {
        let entries = lock(&self.requests).clone();
        entries.iter().map(|entry| lock(entry).clone()).collect()
    }

    pub(super) fn clear_requests(&self) {
        lock(&self.requests).clear();
    }

    pub(super) fn set_recording(&self, on: bool) {
        self.recording.store(on, Relaxed);
    }

    pub(super) fn open_streams(&self) -> usize {
        self.streams.load(Relaxed)
    }

    pub(super) fn open_connections(&self) -> usize {
        self.connections.load(Relaxed)
    }

    pub(super) fn accepted_connections(&self) -> usize {
        self.accepted.load(Relaxed)
    }

    pub(super) fn set_stream_pause(&self, pause: Duration) {
        self.pause_micros.store(u64::try_from(pause.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn stream_pause(&self) -> Duration {
        Duration::from_micros(self.pause_micros.load(Relaxed))
    }

    /// A number that no other request of this server has.
    pub(super) fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Relaxed)
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
