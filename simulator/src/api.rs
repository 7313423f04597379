//! An OpenAI API server on loopback that speaks the real wire and fails on request, so that the demo and the tests
//! see every answer of the real one without an account or a network.
//!
//! Each key stands for an account of its own: responses and files made with one key are not found with another.
//! No id is stored for that: an id carries its owner.

mod answer;
mod chat;
mod completions;
mod connection;
mod embeddings;
mod errors;
mod faults;
mod files;
mod headers;
mod models;
mod owned;
mod reply;
mod responses;
mod routes;
mod state;
mod usage;
mod wait;
mod websocket;

use std::io;
use std::sync::Arc;

pub use crate::breakage::Breakage;
pub use crate::record::{Outcome, RecordedRequest};
pub use crate::traffic::Traffic;
pub use crate::words::ToolCall;
pub use answer::{Answer, LimitKind};
pub use wait::Wait;

use crate::server::Loopback;
use state::State;

/// What every answer says until [`SimulatedOpenAi::set_text`] changes it.
pub const DEFAULT_TEXT: &str = "Hello from the simulated OpenAI.";

/// A running server; dropping it closes its port and every connection.
#[must_use = "the server stops when this is dropped"]
pub struct SimulatedOpenAi {
    server: Loopback,
    state: Arc<State>,
}

impl SimulatedOpenAi {
    /// Starts a server whose tasks run on the current tokio runtime, without which this panics.
    pub fn start() -> io::Result<SimulatedOpenAi> {
        let traffic = Arc::default();
        let state = |_| Arc::new(State::new(Arc::clone(&traffic)));
        let (server, state) = Loopback::start(state, &traffic, connection::serve)?;
        Ok(SimulatedOpenAi { server, state })
    }

    /// Starts a server on a thread and a runtime of its own, for callers that are not async or measure another runtime.
    pub fn start_on_thread() -> io::Result<SimulatedOpenAi> {
        let traffic = Arc::default();
        let state = |_| Arc::new(State::new(Arc::clone(&traffic)));
        let (server, state) = Loopback::start_on_thread("simulated-openai", state, &traffic, connection::serve)?;
        Ok(SimulatedOpenAi { server, state })
    }

    /// `http://127.0.0.1:PORT`, without `/v1`.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Makes `key` valid. Any other key is answered 401 `invalid_api_key`.
    pub fn add_key(&self, key: &str) {
        self.state.add_key(key);
    }

    /// Queues `answer` for the next request of `key`; the queue is served first in, first out. The key becomes valid.
    pub fn script(&self, key: &str, answer: Answer) {
        self.state.script(key, answer);
    }

    /// Gives every request of `key` that no script answers this `answer`, until `None`. The key becomes valid.
    pub fn always(&self, key: &str, answer: Option<Answer>) {
        self.state.always(key, answer);
    }

    /// Whether the list of models is given as usual, whatever the scripts say; off at the start. For clients that ask for it
    /// by themselves.
    pub fn spare_listings(&self, on: bool) {
        self.state.spare_listings(on);
    }

    /// Changes what every later answer says.
    pub fn set_text(&self, text: &str) {
        self.state.set_text(text);
    }

    /// The requests since the start or the last [`Traffic::clear_requests`], in order of arrival.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state.traffic.requests()
    }

    /// What is open now, whether requests are recorded, and how fast streams are sent.
    pub fn traffic(&self) -> &Traffic {
        &self.state.traffic
    }
}

impl std::fmt::Debug for SimulatedOpenAi {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SimulatedOpenAi").field("address", &self.server.address()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
