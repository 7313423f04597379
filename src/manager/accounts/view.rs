//! The accounts as they are now: one `stat`, a re-read only when the file moved, and the events that follow from
//! a change.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use crate::domain::account::AccountId;
use crate::domain::pool::Pool;
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::manager::Manager;
use crate::manager::memory::Memory;
use crate::manager::router::Target;
use crate::manager::session::event::{Cause, Event};
use crate::secrets::master_key::KeyState;
use crate::store::{SecretField, State, StoredAccount};

/// The file and the pool made from it.
#[derive(Clone)]
pub struct View {
    /// The file; an empty one when there is none.
    pub state: Arc<State>,
    /// The pool.
    pub pool: Arc<Pool>,
    /// What it takes to use each account, opened at its first use.
    pub(in crate::manager) targets: Arc<[OnceLock<Arc<Target>>]>,
    version: u64,
    key_state: KeyState,
}

impl View {
    /// Whether nothing changed between the two.
    pub fn is_same(&self, other: &View) -> bool {
        Arc::ptr_eq(&self.state, &other.state) && self.version == other.version && self.key_state == other.key_state
    }

    /// Whether nothing changed here since it was made.
    pub(in crate::manager) fn is_of(&self, memory: &Memory) -> bool {
        self.version == memory.version
    }
}

impl Manager {
    /// The accounts as they are now. When the file cannot be read the last state that could be is served on.
    pub fn view(&self) -> View {
        let read = self.store.read();
        let mut memory = self.memory();
        let state = match read {
            Ok(state) => {
                memory.store_error = None;
                state.unwrap_or_else(|| match &memory.view {
                    Some(view) if view.state.store_id.is_empty() && view.state.accounts.is_empty() => {
                        Arc::clone(&view.state)
                    }
                    _ => Arc::new(State::default()),
                })
            }
            Err(error) => {
                memory.store_error = Some(error.to_string());
                memory.view.as_ref().map(|view| Arc::clone(&view.state)).unwrap_or_default()
            }
        };
        let key_state = self.store.key_state(&state);
        if let Some(view) = &memory.view
            && Arc::ptr_eq(&view.state, &state)
            && view.version == memory.version
            && view.key_state == key_state
        {
            return view.clone();
        }
        forget_what_the_file_overtook(&state, &mut memory, self.clock.now());
        let pool = Arc::new(self.pool(&state, &memory));
        let targets = match &memory.view {
            Some(view) if Arc::ptr_eq(&view.state, &state) => Arc::clone(&view.targets),
            _ => state.accounts.iter().map(|_| OnceLock::new()).collect(),
        };
        let view = View { state, pool, targets, version: memory.version, key_state };
        memory.view = Some(view.clone());
        let event = self.change(&view.state, &mut memory);
        drop(memory);
        if let Some(event) = event {
            self.emit(event);
        }
        view
    }

    /// The accounts as they are now, with the key tried where that takes Argon2's time or the writer of a pipe: on a thread of
    /// its own, so that nothing else waits for it.
    pub(in crate::manager) async fn tried_view(&self) -> View {
        let view = self.view();
        if view.key_state != KeyState::Untested {
            return view;
        }
        let (store, state) = (self.store.clone(), Arc::clone(&view.state));
        // What it says is asked of the store again.
        let _ = tokio::task::spawn_blocking(move || store.try_key(&state)).await;
        self.view()
    }

    /// Why the secrets of `view` do not open, where that is known without deriving a key.
    pub fn locked(&self, view: &View) -> Option<Error> {
        if matches!(view.key_state, KeyState::Unlocked | KeyState::Untested) {
            return None;
        }
        let secrets = view.state.accounts.iter().flat_map(|account| SecretField::ALL.map(|field| (account, field)));
        let refused = |(account, field)| self.store.open_secret(&view.state, account, field).err();
        secrets.filter(|(account, field)| account.secret(*field).is_some()).find_map(refused).map(Error::from)
    }

    /// The accounts as they are now, or why the file cannot be read.
    ///
    /// # Errors
    ///
    /// `StoreUnreadable`
    pub fn fresh_view(&self) -> Result<View, Error> {
        self.store.read()?;
        Ok(self.view())
    }

    /// Tells what siblings did up to our own change, so that it does not pass for theirs, nor theirs for ours.
    pub(in crate::manager) fn tell_before(&self, state: State) {
        let mut memory = self.memory();
        if memory.told.as_ref().is_none_or(|told| told.store_id != state.store_id || told.revision >= state.revision) {
            return;
        }
        let event = self.change(&Arc::new(state), &mut memory);
        drop(memory);
        if let Some(event) = event {
            self.emit(event);
        }
    }

    /// What to tell of the difference to the state that was told last.
    fn change(&self, state: &Arc<State>, memory: &mut Memory) -> Option<Event> {
        let before = memory.told.replace(Arc::clone(state))?;
        if Arc::ptr_eq(&before, state) {
            return None;
        }
        let accounts = changed_accounts(&before, state);
        let cause = self.cause(&before, state);
        (!accounts.is_empty()).then_some(Event::AccountsChanged { revision: state.revision, cause, accounts })
    }

    fn cause(&self, before: &State, after: &State) -> Cause {
        if after.revision <= before.revision || before.store_id != after.store_id {
            return if before.revision == 0 && self.owns(after, after.revision) { Cause::Own } else { Cause::File };
        }
        let all_own = (before.revision + 1..=after.revision).all(|revision| self.owns(after, revision));
        if all_own { Cause::Own } else { Cause::Sibling }
    }

    fn owns(&self, state: &State, revision: u64) -> bool {
        self.store.has_written(&state.store_id, revision)
    }
}

fn forget_what_the_file_overtook(state: &Arc<State>, memory: &mut Memory, now: Timestamp) {
    memory.forget_old_limits(now);
    if !state.accounts.is_empty() && memory.view.as_ref().is_none_or(|view| !Arc::ptr_eq(&view.state, state)) {
        memory.forget_accounts_but(|id| state.position(id.as_str()).is_some());
    }
    if let Some(pin) = &state.pin {
        memory.pins.overtaken_by(pin);
    }
    // Somebody may have given a new key.
    if memory.view.as_ref().is_some_and(|view| !Arc::ptr_eq(&view.state, state)) {
        memory.unopened.clear();
    }
}

/// The ids of accounts that were added, removed or changed in a way that people care for, and of those that
/// became or ceased to be the active one.
fn changed_accounts(before: &State, after: &State) -> Vec<AccountId> {
    let mut changed = BTreeSet::new();
    let mut gone: HashMap<&str, &StoredAccount> =
        before.accounts.iter().map(|account| (account.id.as_str(), account)).collect();
    for account in &after.accounts {
        if gone.remove(account.id.as_str()).is_none_or(|old| essence(old) != essence(account)) {
            changed.insert(account.id.as_str());
        }
    }
    changed.extend(gone.into_keys());
    if active(before) != active(after) || before.pin != after.pin {
        changed.extend([active(before), active(after)].into_iter().flatten());
    }
    changed.into_iter().map(AccountId::new).collect()
}

/// What people care for: a token that was rotated is nobody's concern.
fn essence(account: &StoredAccount) -> StoredAccount {
    StoredAccount {
        last_used: None,
        access_token: None,
        access_expires_at: None,
        refresh_token: None,
        refresh_pending: None,
        ..account.clone()
    }
}

fn active(state: &State) -> Option<&str> {
    let index = usize::try_from(state.active_index).ok()?;
    state.accounts.get(index).map(|account| account.id.as_str())
}
