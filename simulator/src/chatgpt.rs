//! A ChatGPT backend and the issuer of its tokens, on one port of loopback, that speak the real wire and fail on
//! request: `https://chatgpt.com` and `https://auth.openai.com` for the demo and the tests.
//!
//! It is as strict as the real ones. Tokens are looked at, and a refresh token works once. Of a request the backend refuses
//!
//! - a client that is older than its model wants, or says no version (`catalogue`), and a service tier the model lacks;
//! - a workspace that has its place elsewhere (`backend`), and a turn's state that another account made (`turn_state`);
//! - a parameter, an `include` or an item that it does not know, and an id of a call that is too long (`rules`);
//! - what another account made: encrypted content (`sealed`), and items by their id (`owned`);
//! - in Responses Lite, what that does not support; without its mark a model sees no tools (`lite`);
//! - an account whose plan is used up, or the limit of the model (`meters`), unless credits pay for it.
//!
//! A prompt is read from the cache where its session is named the same all the time (`prompt_cache`). Where the real one
//! varies, the handle has a setting: how a client is refused, whether Lite without its mark is found, the windows, meters and
//! credits of an account. No one outside knows how the real one refuses a turn's state; here it is a 400.

mod account;
mod answer;
mod authorize;
mod backend;
mod caller;
mod catalogue;
mod connection;
mod device;
mod encoding;
mod endpoints;
mod faults;
mod form;
mod handle;
mod issuer;
mod jwt;
mod lite;
mod meters;
mod offered;
mod output;
mod owned;
mod prompt_cache;
mod quota;
mod reply;
mod responses;
mod rules;
mod sealed;
mod socket;
mod state;
mod stream;
mod structured;
mod token;
mod token_log;
mod turn_state;
mod wham;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

pub use crate::breakage::Breakage;
pub use crate::record::{Outcome, RecordedRequest};
pub use crate::traffic::Traffic;
pub use crate::words::ToolCall;
pub use account::{Account, Login, Tokens};
pub use answer::Answer;
pub use authorize::CLIENT_ID;
pub use catalogue::{Model, VersionRefusal};
pub use handle::Request;
pub use meters::{Meter, SpendingLimit};
pub use prompt_cache::CacheCounts;
pub use quota::{Credits, Quota, Window};
pub use token::{RefusalShape, TokenFault};
pub use token_log::{Grant, TokenCall, TokenOutcome};

use crate::server::Loopback;
use state::State;

/// What every answer says until [`SimulatedChatGpt::set_text`] changes it.
pub const DEFAULT_TEXT: &str = "Hello from the simulated ChatGPT.";

/// A running server; dropping it closes its port and every connection.
#[must_use = "the server stops when this is dropped"]
pub struct SimulatedChatGpt {
    server: Loopback,
    state: Arc<State>,
}

impl SimulatedChatGpt {
    /// Starts a server whose tasks run on the current tokio runtime, without which this panics.
    pub fn start() -> io::Result<SimulatedChatGpt> {
        let traffic = Arc::default();
        let state = |address: SocketAddr| Arc::new(State::new(format!("http://{address}"), Arc::clone(&traffic)));
        let (server, state) = Loopback::start(state, &traffic, connection::serve)?;
        Ok(SimulatedChatGpt { server, state })
    }

    /// Starts a server on a thread and a runtime of its own, for callers that are not async.
    pub fn start_on_thread() -> io::Result<SimulatedChatGpt> {
        let traffic = Arc::default();
        let state = |address: SocketAddr| Arc::new(State::new(format!("http://{address}"), Arc::clone(&traffic)));
        let (server, state) = Loopback::start_on_thread("simulated-chatgpt", state, &traffic, connection::serve)?;
        Ok(SimulatedChatGpt { server, state })
    }

    /// `http://127.0.0.1:PORT`, of the backend and the issuer alike.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }
}

impl std::fmt::Debug for SimulatedChatGpt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SimulatedChatGpt").field("address", &self.server.address()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
