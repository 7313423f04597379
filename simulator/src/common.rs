//! What both faces have: where they are, the time, what they say, and their traffic.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use crate::clock::{self, Timestamp};
use crate::traffic::Traffic;

/// What both faces have.
pub struct Common {
    /// `http://127.0.0.1:PORT`.
    pub(crate) base_url: String,
    pub(crate) traffic: Arc<Traffic>,
    clock: fn() -> Timestamp,
    text: RwLock<Arc<str>>,
}

impl Common {
    /// Those of a server at `address` whose answers say `text`.
    pub(crate) fn new(address: SocketAddr, text: &str) -> Common {
        Common {
            base_url: format!("http://{address}"),
            traffic: Arc::default(),
            clock: clock::now,
            text: RwLock::new(text.into()),
        }
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// What answers say.
    pub(crate) fn text(&self) -> Arc<str> {
        Arc::clone(&self.text.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what answers say.
    pub(crate) fn set_text(&self, text: &str) {
        *self.text.write().unwrap_or_else(PoisonError::into_inner) = text.into();
    }
}
