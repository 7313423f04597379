//! An OpenAI that is simulated on loopback, with two faces: `api` is `https://api.openai.com`, `chatgpt` is
//! `https://chatgpt.com` with its issuer `https://auth.openai.com`. Both speak the real wire and fail on request.
//!
//! It knows nothing of the programs that are tried against it, and shares no code with them: what it takes and gives is
//! judged here alone.

mod answer;
pub mod api;
mod body;
mod breakage;
pub mod chatgpt;
mod clock;
mod common;
mod connection;
mod events;
mod faults;
mod item;
mod record;
mod reply;
mod response;
mod script;
#[cfg(feature = "scripting")]
mod secure;
mod server;
#[cfg(test)]
mod testing;
mod traffic;
mod usage;
mod wait;
mod websocket;
mod words;

pub use answer::Answer;
pub use breakage::Breakage;
pub use record::{Outcome, RecordedRequest};
#[cfg(feature = "scripting")]
pub use secure::Secure;
pub use server::Server;
pub use traffic::Traffic;
pub use wait::{LimitKind, Wait};
pub use words::ToolCall;
