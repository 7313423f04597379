//! The connections of one process: how many there are, what each is doing, and which one makes room for a new one.
//!
//! How long a connection may take is decided here and not by a timer of its bytes: an answer under way has no limit,
//! whether bytes come or not. What is limited is the client's own part: a head that has begun, and the time between
//! requests. Hyper's own timer cannot tell the two apart, since it starts when the answer before has ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::proxy::admit::traffic::Traffic;

/// Connections at a time. Heads of 64 KiB each and the replay budget stay together under the memory that is promised.
pub const MOST: usize = 640;

/// How long a client may keep a connection waiting.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A head that has begun is whole within this time; so is the first one.
    pub head: Duration,
    /// A connection may be idle this long between requests, longer than clients keep theirs.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { head: Duration::from_secs(10), idle: Duration::from_secs(120) }
    }
}

/// Every connection of the process. Clones share it.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

struct Shared {
    most: usize,
    patience: Patience,
    crowd: Mutex<Crowd>,
    /// A place was left, or a connection became idle and may have to leave one.
    room: Notify,
    /// A connection has ended.
    ended: Notify,
    /// The requests under way on all of them.
    requests: Traffic,
}

#[derive(Default)]
struct Crowd {
    next: u64,
    /// Those that count; one that makes room does not any more.
    places: BTreeMap<u64, Arc<Inner>>,
    /// Those that have not ended, with the ones that are about to.
    alive: usize,
}

impl Connections {
    /// Room for `most`.
    pub fn new(most: usize, patience: Patience) -> Connections {
        Connections(Arc::new(Shared {
            most,
            patience,
            crowd: Mutex::default(),
            room: Notify::new(),
            ended: Notify::new(),
            requests: Traffic::default(),
        }))
    }

    /// A place for a new connection. Where there is none, the longest idle connection is closed for it, first of those that
    /// never showed a key. Waits only while every connection has a request under way.
    pub async fn admit(&self) -> Place {
        loop {
            let room = self.0.room.notified();
            if let Some(place) = self.try_admit() {
                return place;
            }
            room.await;
        }
    }

    fn try_admit(&self) -> Option<Place> {
        let mut crowd = self.crowd();
        while crowd.places.len() >= self.0.most {
            let longest_idle = crowd.places.iter().filter_map(|(number, it)| Some((it.idle_rank()?, *number))).min()?.1;
            // A request may have begun on it meanwhile; then there is the next one.
            if crowd.places.get(&longest_idle)?.close() {
                crowd.places.remove(&longest_idle);
            }
        }
        let number = crowd.next;
        crowd.next += 1;
        crowd.alive += 1;
        let inner = Arc::new(Inner {
            patience: self.0.patience,
            state: Mutex::new(State {
                has_shown_key: false,
                under_way: 0,
                awaits: Awaits::Head,
                is_stalled: false,
                is_closing: false,
                since: Instant::now(),
            }),
            changed: Notify::new(),
        });
        crowd.places.insert(number, Arc::clone(&inner));
        Some(Place { presence: Presence { inner, connections: self.clone() }, number })
    }

    /// Until no connection is left.
    pub async fn drained(&self) {
        loop {
            let ended = self.0.ended.notified();
            if self.crowd().alive == 0 {
                return;
            }
            ended.await;
        }
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.0.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place among the others, for as long as it lives.
pub struct Place {
    presence: Presence,
    number: u64,
}

impl Place {
    /// What is known of the connection.
    pub fn presence(&self) -> &Presence {
        &self.presence
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let connections = &self.presence.connections;
        let mut crowd = connections.crowd();
        crowd.places.remove(&self.number);
        crowd.alive -= 1;
        drop(crowd);
        connections.0.room.notify_one();
        connections.0.ended.notify_waiters();
    }
}

/// What one connection is doing. Clones share it.
#[derive(Clone)]
pub struct Presence {
    inner: Arc<Inner>,
    connections: Connections,
}

struct Inner {
    patience: Patience,
    state: Mutex<State>,
    /// It has to end earlier than it would have.
    changed: Notify,
}

struct State {
    has_shown_key: bool,
    /// Requests that were read and whose answers have not ended.
    under_way: usize,
    awaits: Awaits,
    /// What was written has not been taken yet.
    is_stalled: bool,
    is_closing: bool,
    /// Since when the client keeps it waiting, unless a request is under way.
    since: Instant,
}

/// What a connection without a request awaits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaits {
    /// The rest of a head, or all of the first one.
    Head,
    /// The next request, if there is to be one.
    Request,
}

impl State {
    /// When the client will have kept it waiting for too long.
    fn deadline(&self, patience: Patience) -> Option<Instant> {
        // The end of an answer may still be on its way; whoever has no key has no answer worth waiting for.
        let is_answering = self.under_way > 0 || self.is_stalled && self.has_shown_key;
        let time = match self.awaits {
            Awaits::Head => patience.head,
            Awaits::Request => patience.idle,
        };
        (!is_answering).then(|| self.since + time)
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The smallest one goes first; `None` while a request is under way.
    fn idle_rank(&self) -> Option<(bool, Instant)> {
        let state = self.state();
        let is_answering = state.under_way > 0 || state.is_stalled && state.has_shown_key;
        (!is_answering).then_some((state.has_shown_key, state.since))
    }

    /// Has it end, unless a request has begun meanwhile.
    fn close(&self) -> bool {
        let mut state = self.state();
        if state.under_way > 0 {
            return false;
        }
        state.is_closing = true;
        drop(state);
        self.changed.notify_one();
        true
    }
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// Another one needs its place.
    MakesRoom,
    /// The client kept it waiting for too long.
    TooLate,
}

impl Presence {
    /// Until the connection has to end, whatever is read of it. Never while a request is under way.
    pub async fn overstayed(&self) -> Closing {
        loop {
            let changed = self.inner.changed.notified();
            let deadline = {
                let state = self.inner.state();
                if state.is_closing {
                    return Closing::MakesRoom;
                }
                state.deadline(self.inner.patience)
            };
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Closing::TooLate;
            }
            // What is under way may end at once, and the connection is then idle for no less than this.
            let look = deadline.unwrap_or_else(|| now + self.inner.patience.idle);
            // A timeout is a time to look again.
            drop(tokio::time::timeout_at(look, changed).await);
        }
    }

    /// Until another connection needs the place of this one, which is a tunnel and has no other limit. It has a request
    /// under way while `busy` is true.
    pub async fn crowded_out(&self, mut busy: watch::Receiver<bool>) {
        let mut under_way = None;
        loop {
            let is_busy = *busy.borrow_and_update();
            under_way = is_busy.then(|| under_way.take().unwrap_or_else(|| self.begin()));
            let changed = self.inner.changed.notified();
            if self.inner.state().is_closing {
                return;
            }
            tokio::select! {
                () = changed => {}
                changed = busy.changed() => if changed.is_err() {
                    // The tunnel is about to end by itself.
                    std::future::pending::<()>().await;
                },
            }
        }
    }

    /// A request was read. It is under way until what this returns is dropped.
    pub fn begin(&self) -> UnderWay {
        self.inner.state().under_way += 1;
        self.connections.0.requests.enter();
        UnderWay(self.clone())
    }

    /// The client showed the key, or the token of `/rpc`.
    pub fn show_key(&self) {
        self.inner.state().has_shown_key = true;
    }

    /// Whether the rest of a head is awaited now.
    pub fn set_head_begun(&self, is_begun: bool) {
        let mut state = self.inner.state();
        state.awaits = if is_begun { Awaits::Head } else { Awaits::Request };
        state.since = Instant::now();
        drop(state);
        if is_begun {
            self.inner.changed.notify_one();
        }
    }

    /// Whether bytes of an answer wait for the client to take them.
    pub fn set_stalled(&self, is_stalled: bool) {
        let mut state = self.inner.state();
        state.is_stalled = is_stalled;
        if is_stalled {
            return;
        }
        state.since = Instant::now();
        let is_idle = state.under_way == 0;
        drop(state);
        if is_idle {
            self.connections.0.room.notify_one();
        }
    }
}

/// A request under way.
#[must_use = "the request is over when this is dropped"]
pub struct UnderWay(Presence);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Presence { inner, connections } = &self.0;
        let mut state = inner.state();
        state.under_way -= 1;
        state.since = Instant::now();
        drop(state);
        connections.0.requests.leave();
        connections.0.room.notify_one();
    }
}

#[cfg(test)]
mod tests;
