//! The accounts as they are now: one `stat`, a re-read only when the file moved, and the events that follow from
//! a change.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, MutexGuard, OnceLock, PoisonError};

use super::pool::has_limit;
use super::{Accounts, Target};
use crate::background;
use crate::domain::account::{AccountId, Kind};
use crate::domain::pool::Pool;
use crate::domain::routing::eligibility::is_usable;
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::manager::session::Changes;
use crate::manager::session::event::{Cause, Event};
use crate::secrets::master_key::KeyState;
use crate::store::{SecretField, SharedAccount, State, StoredAccount};

/// The file and the pool made from it.
#[derive(Clone)]
pub struct View {
    /// The file; an empty one when there is none.
    pub state: Arc<State>,
    /// The pool.
    pub pool: Arc<Pool>,
    /// What it takes to use each account, opened at its first use.
    pub(in crate::manager) targets: Arc<[OnceLock<Arc<Target>>]>,
    /// The positions of the accounts that have a spending limit: each request asks for them.
    limited: Arc<[usize]>,
    has_logins: bool,
    /// Set once the secrets were opened to see whether they do.
    secrets_tried: Arc<OnceLock<()>>,
    version: u64,
    key_state: KeyState,
}

impl View {
    /// Whether nothing changed between the two.
    pub fn is_same(&self, other: &View) -> bool {
        Arc::ptr_eq(&self.state, &other.state) && self.version == other.version && self.key_state == other.key_state
    }

    /// Whether the key is there that secrets are sealed with.
    pub fn has_key(&self) -> bool {
        self.key_state == KeyState::Unlocked
    }

    /// Whether some account is a ChatGPT login.
    pub fn has_logins(&self) -> bool {
        self.has_logins
    }

    /// The accounts that have a spending limit.
    pub(in crate::manager) fn limited(&self) -> impl Iterator<Item = &SharedAccount> {
        self.limited.iter().map(|position| &self.state.accounts[*position])
    }

    /// Whether no account has another provider than OpenAI behind it.
    pub fn serves_openai_alone(&self) -> bool {
        self.state.accounts.iter().all(|account| account.base_url.is_none())
    }

    /// How many accounts can serve some model at `now`.
    pub fn available(&self, now: Timestamp) -> usize {
        self.pool.members.iter().filter(|member| is_usable(member, now)).count()
    }

    /// Whether nothing changed in memory since it was made.
    pub(in crate::manager) fn is_of(&self, changes: &Changes) -> bool {
        self.version == changes.count()
    }
}

/// What was seen of the file.
#[derive(Default)]
pub(super) struct Seen {
    /// The file as it was read last, and the pool made from it.
    view: Option<View>,
    /// The state that the last events were made from.
    reported: Option<Arc<State>>,
    /// Why the file could not be read the last time, if it could not.
    error: Option<String>,
}

impl Accounts {
    /// The accounts as they are now. When the file cannot be read the last state that could be is served on.
    pub fn view(&self) -> View {
        let read = self.store.read();
        let mut seen = self.seen();
        let state = match read {
            Ok(state) => {
                seen.error = None;
                state.unwrap_or_else(|| match &seen.view {
                    Some(view) if view.state.store_id.is_empty() && view.state.accounts.is_empty() => {
                        Arc::clone(&view.state)
                    }
                    _ => Arc::new(State::default()),
                })
            }
            Err(error) => {
                seen.error = Some(error.with_hint());
                seen.view.as_ref().map(|view| Arc::clone(&view.state)).unwrap_or_default()
            }
        };
        let (key_state, version) = (self.store.key_state(&state), self.session.changes().count());
        let is_same_file = seen.view.as_ref().is_some_and(|view| Arc::ptr_eq(&view.state, &state));
        if let Some(view) = &seen.view
            && is_same_file
            && view.version == version
            && view.key_state == key_state
        {
            return view.clone();
        }
        self.forget_what_the_file_overtook(&state, seen.view.as_ref().map(|view| &*view.state), is_same_file);
        let pool = Arc::new(self.pool(&state));
        if let Some(pin) = &state.pin {
            self.pins().overtaken_by(pin, &pool.allowed);
        }
        let narrowed = seen.view.as_ref().and_then(|before| newly_narrowed(&before.pool, &pool));
        let view = match &seen.view {
            Some(view) if is_same_file => View { pool, version, key_state, ..view.clone() },
            _ => View {
                targets: state.accounts.iter().map(|_| OnceLock::new()).collect(),
                limited: (0..state.accounts.len()).filter(|position| has_limit(&state.accounts[*position])).collect(),
                secrets_tried: Arc::default(),
                has_logins: state.accounts.iter().any(|account| account.kind() == Kind::ChatGpt),
                state,
                pool,
                version,
                key_state,
            },
        };
        seen.view = Some(view.clone());
        self.report_change(&view.state, &mut seen);
        if let Some(accounts) = narrowed {
            let revision = view.state.revision;
            self.session.emit(Event::AccountsChanged { revision, cause: Cause::AccountSet, accounts });
        }
        view
    }

    /// The accounts as they were seen last; no file is asked.
    pub(in crate::manager) fn last_view(&self) -> Option<View> {
        self.seen().view.clone()
    }

    /// Why the file could not be read the last time, if it could not.
    pub(in crate::manager) fn unreadable(&self) -> Option<String> {
        self.seen().error.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_what_the_file_overtook(&self, state: &State, before: Option<&State>, is_same_file: bool) {
        let mut belief = self.belief.lock();
        belief.forget_old_limits(self.session.now());
        let is_of_the_same = before.is_some_and(|before| has_the_same(before, state));
        if !state.accounts.is_empty() && !is_of_the_same {
            let ids: HashSet<&str> = state.accounts.iter().map(|account| account.id.as_str()).collect();
            belief.forget_accounts_but(|id| ids.contains(id.as_str()));
        }
        drop(belief);
        // Somebody may have given a new key.
        if before.is_some() && !is_same_file {
            self.unopened().clear();
        }
    }

    /// The accounts as they are now, with the key tried where that takes Argon2's time or the writer of a pipe: on a thread of
    /// its own, so that nothing else waits for it.
    pub async fn tried_view(&self) -> View {
        let view = self.view();
        if view.key_state != KeyState::Untested {
            return view;
        }
        let (store, state) = (self.store.clone(), Arc::clone(&view.state));
        // What it says is asked of the store again.
        let _ = background::spawn_blocking(move || store.try_key(&state)).await;
        self.view()
    }

    /// Opens what each account of `view` is used with, once, so that an account whose own does not open is known before a request meets it. Where the
    /// key is not there, none does. Returns whether something is known now that is not in `view`.
    pub fn try_secrets(&self, view: &View) -> bool {
        if !view.has_key() || view.secrets_tried.set(()).is_err() {
            return false;
        }
        let does_not_open = |account: &&SharedAccount| !self.opens(view, account);
        let refused =
            view.state.accounts.iter().filter(does_not_open).map(|account| AccountId::new(account.id.clone()));
        let refused: Vec<AccountId> = refused.collect();
        let has_any = !refused.is_empty();
        if has_any {
            self.unopened().extend(refused);
            self.session.changes().touch();
        }
        has_any
    }

    /// Why the secrets of `view` do not open, where that is known without deriving a key.
    pub fn locked(&self, view: &View) -> Option<Error> {
        if matches!(view.key_state, KeyState::Unlocked | KeyState::Untested) {
            return None;
        }
        let secrets = view.state.accounts.iter().flat_map(|account| SecretField::ALL.map(|field| (account, field)));
        let refused =
            |(account, field): (&SharedAccount, SecretField)| self.store.open_secret(&view.state, account, field).err();
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

    /// The same with every secret tried, where the key is there: a sibling may have written the file since that was done last.
    ///
    /// # Errors
    ///
    /// `StoreUnreadable`
    pub fn checked_view(&self) -> Result<View, Error> {
        loop {
            let view = self.fresh_view()?;
            if !self.try_secrets(&view) {
                return Ok(view);
            }
        }
    }

    /// Reports what siblings did up to our own change, so that it does not pass for theirs, nor theirs for ours.
    pub(super) fn report_before(&self, state: State) {
        let mut seen = self.seen();
        let is_old = |known: &Arc<State>| known.store_id != state.store_id || known.revision >= state.revision;
        if seen.reported.as_ref().is_none_or(is_old) {
            return;
        }
        self.report_change(&Arc::new(state), &mut seen);
    }

    /// Reports the difference to the state that was reported last.
    fn report_change(&self, state: &Arc<State>, seen: &mut Seen) {
        let Some(before) = seen.reported.replace(Arc::clone(state)) else { return };
        if Arc::ptr_eq(&before, state) {
            return;
        }
        let accounts = changed_accounts(&before, state);
        if !accounts.is_empty() {
            let cause = self.cause(&before, state);
            self.session.emit(Event::AccountsChanged { revision: state.revision, cause, accounts });
        }
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

/// The accounts that may be used now and could not before, and the reverse; `None` where all that narrows them is as it was.
fn newly_narrowed(before: &Pool, after: &Pool) -> Option<Vec<AccountId>> {
    if before.allowed == after.allowed {
        return None;
    }
    let only_in = |one: &Pool, other: &Pool| -> Vec<AccountId> {
        let may_not = |id: &AccountId| other.position(id).is_some_and(|position| !other.members[position].allowed);
        one.members.iter().filter(|it| it.allowed && may_not(&it.id)).map(|it| it.id.clone()).collect()
    };
    Some([only_in(after, before), only_in(before, after)].concat())
}

/// The ids of accounts that were added, removed or changed in a way that people care for, and of those that
/// became or ceased to be the active one.
fn changed_accounts(before: &State, after: &State) -> Vec<AccountId> {
    // Those that are in memory once are the same, and of thousands nearly all are.
    let pairs = before.accounts.iter().zip(&after.accounts);
    let first = pairs.take_while(|(before, after)| before.is_one_with(after)).count();
    let (before_rest, after_rest) = (&before.accounts[first..], &after.accounts[first..]);
    let pairs = before_rest.iter().rev().zip(after_rest.iter().rev());
    let last = pairs.take_while(|(before, after)| before.is_one_with(after)).count();
    let (before_rest, after_rest) = (&before_rest[..before_rest.len() - last], &after_rest[..after_rest.len() - last]);

    let mut changed = BTreeSet::new();
    let mut gone: HashMap<&str, &SharedAccount> =
        before_rest.iter().map(|account| (account.id.as_str(), account)).collect();
    for account in after_rest {
        let is_as_before = |old: &SharedAccount| old.is_one_with(account) || essence(old) == essence(account);
        if !gone.remove(account.id.as_str()).is_some_and(is_as_before) {
            changed.insert(account.id.as_str());
        }
    }
    changed.extend(gone.into_keys());
    if active(before) != active(after) || before.pin != after.pin {
        changed.extend([active(before), active(after)].into_iter().flatten());
    }
    changed.into_iter().map(AccountId::new).collect()
}

/// Whether both have the same accounts in the same order, whatever they say of them.
fn has_the_same(before: &State, after: &State) -> bool {
    let are_one =
        |(before, after): (&SharedAccount, &SharedAccount)| before.is_one_with(after) || before.id == after.id;
    before.accounts.len() == after.accounts.len() && before.accounts.iter().zip(&after.accounts).all(are_one)
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
