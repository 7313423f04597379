//! An OpenAI that is simulated on loopback, with two faces: `api` is `https://api.openai.com`, `chatgpt` is
//! `https://chatgpt.com` with its issuer `https://auth.openai.com`. Both speak the real wire and fail on request.
//!
//! It knows nothing of the programs that are tried against it, and shares no code with them: what it takes and gives is
//! judged here alone.

mod answer;
pub mod api;
mod body;
#[cfg(feature = "scripting")]
mod breakage;
pub mod chatgpt;
mod clock;
mod common;
mod connection;
mod dice;
mod events;
#[cfg(feature = "scripting")]
mod faults;
mod record;
mod reply;
mod script;
mod server;
#[cfg(test)]
mod testing;
mod traffic;
mod usage;
mod wait;
#[cfg(feature = "scripting")]
mod websocket;
mod words;

pub use answer::Answer;
pub use clock::Timestamp;
pub use dice::Dice;
pub use server::Server;
pub use wait::{LimitKind, Wait};
