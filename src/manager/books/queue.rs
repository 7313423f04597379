//! Requests that wait until an account is free, where the configuration says that they may.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::domain::routing::decision::{Decision, Exhausted};
use crate::manager::Manager;
use crate::manager::router::RouteRequest;
use crate::manager::session::event::{Event, Waiting};

/// How often a request that waits looks whether an account was freed early.
const LOOK: Duration = Duration::from_millis(500);

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
struct Wait<'m> {
    manager: &'m Manager,
    request_id: &'m str,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.manager.books.queue.end(self.request_id);
        self.manager.emit(Event::WaitEnded { request_id: self.request_id.to_owned() });
    }
}

impl Manager {
    /// Waits until an account is free for the request, if it may: `waited` says how often it did already. `false` when
    /// it may not, or somebody cancelled the wait.
    pub async fn wait_for_room(&self, request: &RouteRequest, exhausted: &Exhausted, waited: u32) -> bool {
        let config = self.config();
        let Some(until) = exhausted.available_at.filter(|_| exhausted.rate_limited) else { return false };
        let wait = until.since(self.clock.now());
        let is_bearable = config.max_wait().is_none_or(|most| wait <= most);
        if !config.wait_when_exhausted() || waited >= config.max_waits() || !is_bearable {
            return false;
        }
        let cancelled = self.books.queue.begin(&request.request_id);
        let under_way = Wait { manager: self, request_id: &request.request_id };
        self.emit(Event::Waiting(Waiting {
            request_id: request.request_id.clone(),
            until,
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            family: request.family.clone(),
        }));
        let freed = tokio::select! {
            () = self.until_free(request, wait) => true,
            () = cancelled.notified() => false,
        };
        drop(under_way);
        freed
    }

    /// Ends the wait of a request: it is answered as if it had not waited. `false` when none of that name waits.
    pub fn cancel_wait(&self, request_id: &str) -> bool {
        self.books.queue.lock().waiting.get(request_id).map(|wait| wait.notify_one()).is_some()
    }

    /// Ends every wait, now and from now on: the process is about to end, and nobody is to be kept until then.
    pub fn end_waits(&self) {
        let mut state = self.books.queue.lock();
        state.over = true;
        state.waiting.values().for_each(|wait| wait.notify_one());
    }

    /// For `wait` at most: another account may be freed or added before.
    async fn until_free(&self, request: &RouteRequest, mut wait: Duration) {
        while !wait.is_zero() {
            let step = wait.min(LOOK);
            tokio::time::sleep(step).await;
            wait = wait.saturating_sub(step);
            // A limit in USD may have been raised, or its day be over.
            self.ask(&self.view(), Vec::new()).await;
            if self.could_serve(request) {
                return;
            }
        }
    }

    /// Whether an account is free, and not for a probe that somebody else has.
    fn could_serve(&self, request: &RouteRequest) -> bool {
        let view = self.view();
        let bound = request.bound.as_ref().and_then(|bound| view.pool.position(&bound.account));
        match self.decide(&view, request, bound, &[]) {
            Decision::Use(choice) => self.probes(&view, choice).is_some(),
            Decision::Exhausted(_) => false,
        }
    }
}
