//! The token by which a ChatGPT backend keeps the requests of one turn together, `x-codex-turn-state`: the client echoes
//! it, and it goes up only to the account that gave it. One whose owner this process does not know, as after a restart in
//! the middle of a turn, goes nowhere: the backend then gives a new one.

use super::reasoning::ContentDigest;
use crate::domain::account::AccountId;
use crate::domain::resources::Digest;
use crate::manager::Manager;

/// The header that carries it, either way.
pub const TURN_STATE: &str = "x-codex-turn-state";

impl Manager {
    /// The account gave `state`.
    pub fn note_turn_state(&self, state: &[u8], account: &AccountId) {
        self.memory().turn_states.remember(&mark(state), account);
    }

    /// Whether the account gave `state`.
    pub fn gave_turn_state(&self, state: &[u8], account: &AccountId) -> bool {
        self.memory().turn_states.owner_of(&mark(state)) == Some(account)
    }
}

/// It may be long, and its content is nobody's business here.
fn mark(state: &[u8]) -> String {
    let mut digest = ContentDigest::default();
    digest.take(state);
    digest.mark()
}
