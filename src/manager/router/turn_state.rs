//! The token by which a ChatGPT backend keeps the requests of one turn together, `x-codex-turn-state`: the client echoes
//! it, and it goes up only to the account that gave it. One whose owner this process does not know, as after a restart in
//! the middle of a turn, goes nowhere: the backend then gives a new one.

use super::reasoning::ContentDigest;
use crate::domain::resources::Digest;

/// The header that carries it, either way.
pub const TURN_STATE: &str = "x-codex-turn-state";

/// What a turn state is remembered by: it may be long, and its content is nobody's business here.
pub(super) fn mark(state: &[u8]) -> String {
    let mut digest = ContentDigest::default();
    digest.take(state);
    digest.mark()
}
