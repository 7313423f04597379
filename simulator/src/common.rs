//! What both faces have: where they are, the time, what they say, and their traffic.

use std::sync::{Arc, PoisonError, RwLock};

use hyper::http::request::Parts;

use crate::body::Ending;
use crate::clock::{self, Timestamp};
use crate::faults::{self, Spoil};
use crate::record::{self, Entry};
use crate::traffic::Traffic;

/// What only tests want of either face, in functions as its doors are.
#[derive(Clone, Copy)]
pub(crate) struct Extras {
    /// The record of a request.
    pub(crate) recorded: Option<fn(&Parts) -> Entry>,
    pub(crate) spoiled: Spoil,
}

impl Extras {
    pub(crate) const ALL: Extras = Extras { recorded: Some(record::entry), spoiled: faults::spoiled };
    pub(crate) const NONE: Extras = Extras { recorded: None, spoiled: |reply, _, _| (reply, Ending::Clean) };
}

/// What both faces have.
pub struct Common {
    /// `http://127.0.0.1:PORT`, or `https://` behind TLS.
    pub(crate) base_url: String,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) extras: Extras,
    clock: fn() -> Timestamp,
    text: RwLock<Arc<str>>,
}

impl Common {
    /// Those of a server at `base_url` whose answers say `text`.
    pub(crate) fn new(base_url: String, text: &str, extras: Extras) -> Common {
        Common {
            base_url,
            traffic: Arc::new(Traffic::new(extras.recorded)),
            extras,
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
