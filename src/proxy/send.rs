//! The fourth step: what is sent to the account that was chosen.

pub mod foreign;
pub mod in_flight;
pub mod outgoing;
pub mod translated;
pub mod turn_state;

use hyper::header::HeaderMap;

use crate::domain::client_version::{ClientVersion, OLDEST};
use crate::manager::Manager;
use crate::upstream::chatgpt;

/// The version of Codex that a client with these headers stands for at a login's backend.
pub fn client_version(headers: &HeaderMap, manager: &Manager) -> ClientVersion {
    chatgpt::said_version(headers)
        .map_or_else(|| manager.session().config().client_version(), |said| said.parse().unwrap_or(OLDEST))
}
