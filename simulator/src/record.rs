//! What a request was and how it ended, kept for tests to look at.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Version;
use hyper::http::request::Parts;

use crate::clock;
use crate::connection::bearer;
use crate::traffic::Traffic;

/// One request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRequest {
    /// The method.
    pub method: String,
    /// Whether it came in HTTP/2.
    pub is_http2: bool,
    /// The target as it was sent.
    pub path_and_query: String,
    /// The headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; empty until all of it has arrived.
    pub body: Bytes,
    /// The bearer key, known or not.
    pub key: Option<String>,
    /// The text messages that came through the WebSocket it opened, if it did.
    pub messages: Vec<String>,
    /// How it ended; for a WebSocket, how the socket did.
    pub outcome: Outcome,
}

impl RecordedRequest {
    /// The first value of the header `name`, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not yet.
    InProgress,
    /// The last byte of the answer was handed to the connection.
    Completed,
    /// The connection was cut by us, as scripted.
    Cut,
    /// The client went away before the answer was whole.
    ClientLeft {
        /// How many pieces of the answer's body had been handed to the connection: events, for a stream.
        after_events: usize,
        /// How long after the request's headers.
        after: Duration,
    },
}

pub(crate) type Entry = Arc<Mutex<RecordedRequest>>;

/// Notes how one request ends: whoever drops it unfinished lets the client have left.
pub struct Watch {
    entry: Option<Entry>,
    started: Option<Instant>,
    events: usize,
}

impl Watch {
    /// Watches a request, and records it unless recording is off.
    pub(crate) fn begin(traffic: &Traffic, head: &Parts) -> Watch {
        Watch::of(traffic.record(head))
    }

    /// Watches nothing.
    pub(crate) fn nothing() -> Watch {
        Watch::of(None)
    }

    fn of(entry: Option<Entry>) -> Watch {
        let started = entry.as_ref().map(|_| clock::instant());
        Watch { entry, started, events: 0 }
    }

    /// The body has arrived.
    pub(crate) fn body(&self, body: &Bytes) {
        if let Some(entry) = &self.entry {
            entry.lock().unwrap_or_else(PoisonError::into_inner).body = body.clone();
        }
    }

    /// A message came through the WebSocket.
    pub(crate) fn message(&self, text: &str) {
        if let Some(entry) = &self.entry {
            entry.lock().unwrap_or_else(PoisonError::into_inner).messages.push(text.to_owned());
        }
    }

    /// A piece of the answer's body was handed to the connection.
    pub(crate) fn event(&mut self) {
        self.events += 1;
    }

    /// The last byte of the answer was handed to the connection, or the socket was closed.
    pub(crate) fn completed(&mut self) {
        self.end(Outcome::Completed);
    }

    /// The connection is cut, as scripted.
    pub(crate) fn cut(&mut self) {
        self.end(Outcome::Cut);
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(entry) = self.entry.take() {
            entry.lock().unwrap_or_else(PoisonError::into_inner).outcome = outcome;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let after = self.started.map(|started| clock::instant().saturating_duration_since(started));
        self.end(Outcome::ClientLeft { after_events: self.events, after: after.unwrap_or_default() });
    }
}

/// The record of a request whose headers have arrived.
pub(crate) fn entry(parts: &Parts) -> Entry {
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let is_http2 = parts.version == Version::HTTP_2;
    let path_and_query = parts.uri.path_and_query().map(ToString::to_string);
    Arc::new(Mutex::new(RecordedRequest {
        method: parts.method.to_string(),
        is_http2,
        path_and_query: if is_http2 { path_and_query.unwrap_or_default() } else { parts.uri.to_string() },
        headers: headers.collect(),
        body: Bytes::new(),
        key: bearer(parts).map(str::to_owned),
        messages: Vec::new(),
        outcome: Outcome::InProgress,
    }))
}
