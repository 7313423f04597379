//! Which account a request goes to: what this process chose before, which account owns what, and what a request
//! asks and gets.
//!
//! The room decides from a pool that it is given; the accounts file, the ledger and the tasks are the facade's. Its two
//! states, what was chosen and who owns what, have a lock each, which are never held together nor across an await.

mod chosen;
mod conversation_id;
pub mod item_ids;
pub mod notices;
mod owners;
pub mod reasoning;
mod route;
pub mod turn_state;
mod turns;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use super::accounts::{Target, Written, all_written};
use crate::domain::account::AccountId;
use crate::domain::report::SessionKind;
pub use chosen::{Chosen, Move, Standpoint, Whereabouts};
pub use conversation_id::conversation_id;
use owners::Owners;
pub use route::{Bound, Refusal, Route, RouteRequest};

/// The router of one process.
pub struct Router {
    chosen: Mutex<Chosen>,
    owners: Mutex<SeenOwners>,
}

#[derive(Default)]
struct SeenOwners {
    /// Of resources, items and encrypted reasoning.
    resources: Owners,
    /// Of turn states.
    turn_states: Owners,
}

impl Router {
    /// Of a process of this kind, with this pid.
    pub fn new(kind: SessionKind, pid: u32) -> Router {
        Router { chosen: Mutex::new(Chosen::new(kind, pid)), owners: Mutex::default() }
    }

    /// What was chosen so far.
    pub fn chosen(&self) -> MutexGuard<'_, Chosen> {
        self.chosen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account owns these: the next request may name them before the ledger knows.
    pub fn remember_owner<'i>(&self, account: &AccountId, ids: impl Iterator<Item = &'i str>) {
        let mut ids = ids.peekable();
        if ids.peek().is_some() {
            let mut owners = self.owners();
            ids.for_each(|id| owners.resources.remember(id, account));
        }
    }

    /// The owners of those of `ids` that were created a short while ago.
    pub fn owners_of<'i>(&self, ids: impl Iterator<Item = &'i String>) -> HashMap<String, AccountId> {
        self.owners().resources.owners_of(ids)
    }

    /// The account gave this turn state.
    pub fn note_turn_state(&self, state: &[u8], account: &AccountId) {
        self.owners().turn_states.remember(&turn_state::mark(state), account);
    }

    /// Whether the account gave this turn state.
    pub fn gave_turn_state(&self, state: &[u8], account: &AccountId) -> bool {
        self.owners().turn_states.owner_of(&turn_state::mark(state)) == Some(account)
    }

    fn owners(&self) -> MutexGuard<'_, SeenOwners> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
