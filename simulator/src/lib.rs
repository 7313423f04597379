//! An OpenAI that is simulated on loopback, with two faces: `api` is `https://api.openai.com`, `chatgpt` is
//! `https://chatgpt.com` with its issuer `https://auth.openai.com`. Both speak the real wire and fail on request.
//!
//! It knows nothing of the programs that are tried against it, and shares no code with them: what it takes and gives is
//! judged here alone.

pub mod api;
mod body;
mod breakage;
pub mod chatgpt;
mod clock;
mod dice;
mod record;
mod server;
#[cfg(test)]
mod testing;
mod traffic;
mod usage;
mod websocket;
mod words;

pub use clock::Timestamp;
pub use dice::Dice;
