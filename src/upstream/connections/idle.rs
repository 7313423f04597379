//! Connections of HTTP/1.1 that wait for their next request, and the closing of those that are too many.

use std::time::Duration;

use super::http1::Http1;
use crate::clock::Moment;

/// An idle connection that is not among those kept is closed after this time, so that a quiet sidecar is a small one.
pub const IDLE: Duration = Duration::from_secs(30);

/// So many of an origin are kept while the session lives.
const KEPT: usize = 4;

/// So many origins keep connections.
pub const ORIGINS_KEPT: usize = 8;

/// Enough for every stream of a busy agent to find its connection again; each takes some 30 KB.
const MOST: usize = 64;

/// When the machine slept for so long, the other ends of its connections have given them up.
pub const NAP: Duration = Duration::from_secs(5);

/// The idle connections of one origin, the one used last at the end.
#[derive(Default)]
pub struct Idle(Vec<(Http1, Moment)>);

impl Idle {
    /// The one used last that is still open.
    pub fn take(&mut self, now: &Moment) -> Option<Http1> {
        while let Some((connection, since)) = self.0.pop() {
            if connection.is_open() && now.slept_since(&since) < NAP {
                return Some(connection.after(now.since(&since)));
            }
        }
        None
    }

    /// Whether one is open.
    pub fn has_any(&self, now: &Moment) -> bool {
        self.0.iter().any(|(connection, since)| connection.is_open() && now.slept_since(since) < NAP)
    }

    /// Adds one; whether there are more than are kept.
    pub fn put(&mut self, connection: Http1, now: Moment) -> bool {
        if self.0.len() < MOST {
            self.0.push((connection, now));
        }
        self.0.len() > KEPT
    }

    /// Closes all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Closes those that have been idle for long and are not kept. Whether any that is not kept is left.
    pub fn tidy(&mut self, is_kept: bool, now: &Moment) -> bool {
        self.0.retain(|(connection, _)| connection.is_open());
        let kept = if is_kept { KEPT } else { 0 };
        let mut surplus = self.0.len().saturating_sub(kept);
        self.0.retain(|(_, since)| {
            let is_surplus = surplus > 0;
            surplus = surplus.saturating_sub(1);
            !is_surplus || now.since(since) < IDLE
        });
        self.0.len() > kept
    }
}
