//! Requests that wait until an account is free, where the configuration says that they may.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::Books;
use crate::domain::account::ModelFamily;
use crate::domain::time::Timestamp;
use crate::manager::session::event::{Event, Waiting};

/// How often a request that waits checks whether an account was freed early.
const CHECK: Duration = Duration::from_millis(500);

/// The requests that wait now.
#[derive(Default)]
pub(super) struct Queue(Mutex<State>);

#[derive(Default)]
struct State {
    /// Each with what ends its wait.
    waiting: HashMap<String, Arc<Notify>>,
    /// The process is about to end: nothing waits any more.
    over: bool,
}

impl Queue {
    fn begin(&self, request_id: &str) -> Arc<Notify> {
        let mut state = self.lock();
        let wait = Arc::clone(state.waiting.entry(request_id.to_owned()).or_default());
        if state.over {
            wait.notify_one();
        }
        wait
    }

    fn end(&self, request_id: &str) {
        self.lock().waiting.remove(request_id);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait under way; a client that leaves ends it too.
struct Wait<'b> {
    books: &'b Books,
    request_id: &'b str,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.books.queue.end(self.request_id);
        self.books.session.emit(Event::WaitEnded { request_id: self.request_id.to_owned() });
    }
}

impl Books {
    /// Waits until an account is free for the request, if the configuration says that it may: `waited` says how often it did
    /// already, `is_free` whether an account was freed or added early. `false` when it may not, or somebody cancelled the wait.
    pub(in crate::manager) async fn wait<F: Future<Output = bool>>(
        &self,
        request_id: &str,
        family: &ModelFamily,
        until: Timestamp,
        waited: u32,
        is_free: impl FnMut() -> F,
    ) -> bool {
        let (config, wait) = (self.session.config(), until.since(self.session.now()));
        let is_tolerable = config.max_wait().is_none_or(|most| wait <= most);
        if !config.wait_when_exhausted() || waited >= config.max_waits() || !is_tolerable {
            return false;
        }
        let cancelled = self.queue.begin(request_id);
        let under_way = Wait { books: self, request_id };
        self.session.emit(Event::Waiting(Waiting {
            request_id: request_id.to_owned(),
            until,
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            family: family.clone(),
        }));
        let freed = tokio::select! {
            () = until_free(wait, is_free) => true,
            () = cancelled.notified() => false,
        };
        drop(under_way);
        freed
    }

    /// Ends the wait of a request: it is answered as if it had not waited. `false` when none of that name waits.
    pub fn cancel_wait(&self, request_id: &str) -> bool {
        self.queue.lock().waiting.get(request_id).map(|wait| wait.notify_one()).is_some()
    }

    /// Ends every wait, now and from now on: the process is about to end, and nobody is to be kept until then.
    pub fn end_waits(&self) {
        let mut state = self.queue.lock();
        state.over = true;
        state.waiting.values().for_each(|wait| wait.notify_one());
    }
}

/// For `wait` at most.
async fn until_free<F: Future<Output = bool>>(mut wait: Duration, mut is_free: impl FnMut() -> F) {
    while !wait.is_zero() {
        let step = wait.min(CHECK);
        tokio::time::sleep(step).await;
        wait = wait.saturating_sub(step);
        if is_free().await {
            return;
        }
    }
}
