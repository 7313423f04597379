//! A ChatGPT backend and the issuer of its tokens, on one port of loopback, that speak the real wire and fail on
//! request: `https://chatgpt.com` and `https://auth.openai.com` for the demo and the tests.
//!
//! It is as strict as the real ones. Tokens are checked, and a refresh token works once. Of a request the backend refuses
//!
//! - a client that is older than its model wants, or says no version (`catalogue`), and a service tier the model lacks;
//! - a workspace that has its place elsewhere (`backend`), and a turn's state that another account made (`turn_state`);
//! - a parameter, an `include` or an item that it does not know, and an id of a call that is too long (`rules`);
//! - what another account made: encrypted content (`sealed`), and items by their id (`owned`);
//! - in Responses Lite, what that does not support; without its mark a model sees no tools (`lite`);
//! - an account whose plan is used up, or the limit of the model (`meters`), unless credits pay for it.
//!
//! A prompt is read from the cache where its session is named the same all the time (`prompt_cache`). Where the real one
//! varies, the handle has a setting: how a client is refused, the windows, meters and credits of an
//! account. No one outside knows how the real one refuses a turn's state; here it is a 400.

mod account;
mod asked;
mod authorize;
mod backend;
mod caller;
mod catalogue;
mod checks;
mod device;
mod devices;
mod encoding;
mod endpoints;
mod face;
mod faults;
mod form;
mod handle;
mod issuer;
mod jwt;
mod limit;
mod lite;
mod meters;
mod models;
mod offered;
mod output;
mod owned;
mod prompt_cache;
mod quota;
mod refusals;
mod responses;
mod rules;
mod sealed;
mod socket;
mod state;
mod stream;
mod structured;
mod token;
mod token_fault;
mod token_faults;
mod token_log;
mod turn_state;
mod wham;

pub use crate::{Answer, Breakage, Outcome, RecordedRequest, ToolCall, Traffic};
pub use account::{Account, Login, Tokens};
pub use catalogue::{Model, VersionRefusal};
#[cfg(feature = "scripting")]
pub use handle::Request;
pub use jwt::CLIENT_ID;
pub use meters::Meter;
pub use prompt_cache::CacheCounts;
pub use quota::{Credits, Quota, Window};
pub use state::ChatGpt;
pub use token_fault::{RefusalShape, TokenFault};
pub use token_log::{Grant, TokenCall, TokenOutcome};

use crate::server::Server;

/// What every answer says until [`Server::set_text`] changes it.
pub const DEFAULT_TEXT: &str = "Hello from the simulated ChatGPT.";

/// A running server of the backend and the issuer.
pub type SimulatedChatGpt = Server<ChatGpt>;

#[cfg(test)]
mod tests;
