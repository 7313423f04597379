//! The traffic of one simulated server: the requests so far, what is open now, and how fast streams are sent.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::http::request::Parts;

use super::record::{Entry, RecordedRequest};

/// The traffic of one server, shared by its handle and every connection.
pub struct Traffic {
    recorded: Option<fn(&Parts) -> Entry>,
    requests: Mutex<Vec<Entry>>,
    deaf: AtomicBool,
    serial: AtomicU64,
    pause_micros: AtomicU64,
    streams: AtomicUsize,
    connections: AtomicUsize,
    accepted: AtomicUsize,
}

/// What was asked.
impl Traffic {
    /// Records the request that begins with `head`, unless recording is off.
    pub(crate) fn record(&self, head: &Parts) -> Option<Entry> {
        let entry = self.recorded.filter(|_| !self.deaf.load(Relaxed))?(head);
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&entry));
        Some(entry)
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        let entries = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        entries.iter().map(|entry| entry.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
    }

    /// How many requests are recorded.
    pub fn count(&self) -> usize {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Turns the recording of requests off or on again; a long measurement would otherwise keep every body.
    pub fn set_recording(&self, on: bool) {
        self.deaf.store(!on, Relaxed);
    }

    /// How many response streams are being sent now; one whose client goes away counts no more.
    pub fn open_streams(&self) -> usize {
        self.streams.load(Relaxed)
    }

    /// How many TCP connections are open now.
    pub fn open_connections(&self) -> usize {
        self.connections.load(Relaxed)
    }

    /// How many TCP connections were ever accepted; tells whether a client reuses them.
    pub fn accepted_connections(&self) -> usize {
        self.accepted.load(Relaxed)
    }
}

impl Traffic {
    /// Nothing so far; `recorded` is the record of a request.
    pub(crate) fn new(recorded: Option<fn(&Parts) -> Entry>) -> Traffic {
        Traffic {
            recorded,
            requests: Mutex::default(),
            deaf: AtomicBool::default(),
            serial: AtomicU64::default(),
            pause_micros: AtomicU64::default(),
            streams: AtomicUsize::default(),
            connections: AtomicUsize::default(),
            accepted: AtomicUsize::default(),
        }
    }

    /// Sets the pause between two streamed events, zero at the start; holds for running streams too.
    pub fn set_stream_pause(&self, pause: Duration) {
        self.pause_micros.store(u64::try_from(pause.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(crate) fn stream_pause(&self) -> Duration {
        Duration::from_micros(self.pause_micros.load(Relaxed))
    }

    /// A number that no other request of this server has.
    pub(crate) fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Relaxed)
    }
}

/// Counts a stream while it lasts.
pub(crate) struct Streaming(Arc<Traffic>);

impl Streaming {
    pub(crate) fn new(traffic: Arc<Traffic>) -> Streaming {
        traffic.streams.fetch_add(1, Relaxed);
        Streaming(traffic)
    }

    /// The pause between two events.
    pub(crate) fn pause(&self) -> Duration {
        self.0.stream_pause()
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Relaxed);
    }
}

/// Counts a connection while it is open.
pub(crate) struct Open(Arc<Traffic>);

impl Open {
    pub(crate) fn new(traffic: Arc<Traffic>) -> Open {
        traffic.accepted.fetch_add(1, Relaxed);
        traffic.connections.fetch_add(1, Relaxed);
        Open(traffic)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
    }
}
