//! An OpenAI API server on loopback that speaks the real wire and fails on request, so that the demo and the tests
//! see every answer of the real one without an account or a network.
//!
//! Each key stands for an account of its own: responses and files made with one key are not found with another.
//! No id is stored for that: an id carries its owner.

mod call;
mod chat;
mod embeddings;
mod errors;
mod face;
mod faults;
mod files;
mod headers;
mod models;
mod owned;
mod responses;
mod routes;
mod state;
mod websocket;

pub use crate::{Answer, Breakage, LimitKind, Outcome, RecordedRequest, ToolCall, Traffic, Wait};
pub use state::Api;

use crate::server::Server;

/// What every answer says until [`Server::set_text`] changes it.
pub const DEFAULT_TEXT: &str = "Hello from the simulated OpenAI.";

/// A running server of the API.
pub type SimulatedOpenAi = Server<Api>;

impl Server<Api> {
    /// Makes `key` valid. Any other key is answered 401 `invalid_api_key`.
    pub fn add_key(&self, key: &str) {
        self.face.with_script(key, |_| {});
    }

    /// Queues `answer` for the next request of `key`; the queue is served first in, first out. The key becomes valid.
    pub fn script(&self, key: &str, answer: Answer) {
        self.face.with_script(key, |script| script.queue(answer));
    }

    /// Gives every request of `key` that no script answers this `answer`, until `None`. The key becomes valid.
    pub fn always(&self, key: &str, answer: Option<Answer>) {
        self.face.with_script(key, |script| script.stand(answer));
    }

    /// The requests since the start or the last [`Traffic::clear_requests`], in order of arrival.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.traffic().requests()
    }
}

#[cfg(feature = "scripting")]
impl Server<Api> {
    /// Whether the list of models is given as usual, whatever the scripts say; off at the start. For clients that ask for it
    /// by themselves.
    pub fn spare_listings(&self, on: bool) {
        self.face.spares_listings.store(on, std::sync::atomic::Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
