//! An OpenAI API server on loopback that speaks the real wire and fails on request, so that the demo and the tests
//! see every answer of the real one without an account or a network.
//!
//! Each key stands for an account of its own: responses and files made with one key are not found with another.
//! No id is stored for that: an id carries its owner.

mod call;
#[cfg(feature = "scripting")]
mod chat;
#[cfg(feature = "scripting")]
mod completions;
#[cfg(feature = "scripting")]
mod embeddings;
mod errors;
mod face;
#[cfg(feature = "scripting")]
mod faults;
#[cfg(feature = "scripting")]
mod files;
mod headers;
#[cfg(feature = "scripting")]
mod models;
#[cfg(feature = "scripting")]
mod owned;
mod responses;
#[cfg(feature = "scripting")]
mod routes;
mod state;
#[cfg(feature = "scripting")]
mod usage;
#[cfg(feature = "scripting")]
mod websocket;

pub use crate::answer::Answer;
#[cfg(feature = "scripting")]
pub use crate::breakage::Breakage;
#[cfg(feature = "scripting")]
pub use crate::record::{Outcome, RecordedRequest};
pub use crate::traffic::Traffic;
pub use crate::wait::{LimitKind, Wait};
#[cfg(feature = "scripting")]
pub use crate::words::ToolCall;
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

    /// Whether the list of models is given as usual, whatever the scripts say; off at the start. For clients that ask for it
    /// by themselves.
    #[cfg(feature = "scripting")]
    pub fn spare_listings(&self, on: bool) {
        self.face.spare_listings(on);
    }

    /// The requests since the start or the last [`Traffic::clear_requests`], in order of arrival.
    #[cfg(feature = "scripting")]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.recorded()
    }
}

#[cfg(test)]
mod tests;
