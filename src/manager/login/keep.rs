//! A login that is good, on its way into the accounts file: as a new account, or as the same one logged in again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::LoginRequest;
use crate::domain::account::{AccountId, Likeness};
use crate::domain::claims::Claims;
use crate::error::{Error, ErrorKind};
use crate::manager::labels::{free_label, has_label};
use crate::manager::pool::identity;
use crate::manager::tokens::{AGAIN, claims, put};
use crate::manager::{Manager, random_id};
use crate::oauth::Tokens;
use crate::secrets::Secret;
use crate::store::{Creation, SecretField, State, StoredAccount, StoredKind};

/// No file has so many revisions.
const NOTHING_COPIED: u64 = u64::MAX;

/// The account that this login is of. A plan changes, so that an account whose login is over is taken to be the same
/// under another.
fn position_of(person: &Claims, state: &State) -> Option<usize> {
    let logins = state.accounts.iter().enumerate().filter(|(_, account)| account.kind() == StoredKind::ChatGpt);
    let logins = logins.map(|(position, account)| (position, identity(account)));
    person.identity().position_among(logins, |position, likeness| {
        likeness != Likeness::OtherPlan || state.accounts[position].needs_login == Some(true)
    })
}

/// The number of the account that is this one but for its plan.
fn same_under_another_plan(person: &Claims, state: &State, own: usize) -> Option<usize> {
    let is_other = |(position, account): &(usize, &StoredAccount)| {
        *position != own && person.identity().likeness(&identity(account)) == Some(Likeness::OtherPlan)
    };
    state.accounts.iter().enumerate().find(is_other).map(|(position, _)| position + 1)
}

impl Manager {
    /// Early, so that nobody logs in for a label that is taken. A login may take back the label of a login.
    pub(super) fn refuse_label_of_a_key(&self, label: &str, fresh: bool) -> Result<(), Error> {
        let state = self.view().state;
        let taken = state
            .accounts
            .iter()
            .any(|account| account.kind() == StoredKind::ApiKey && has_label(account, label.trim()));
        if taken && !fresh {
            return Err(Error::new(ErrorKind::Conflict, format!("the label `{}` is already in use", label.trim()))
                .hint("choose another label"));
        }
        Ok(())
    }

    /// Writes a login that was granted, however long that takes: nothing else has its tokens.
    pub(super) async fn keep_login(&self, tokens: &Tokens, request: &LoginRequest) -> Result<AccountId, Error> {
        if tokens.refresh_token.is_none() || tokens.access_token.is_none() {
            return Err(
                Error::new(ErrorKind::LoginFailed, "the issuer's answer lacks a token").hint("begin the login again")
            );
        }
        let mut told = None;
        let copied = Arc::new(AtomicU64::new(NOTHING_COPIED));
        loop {
            let error = match self.write_login(tokens.clone(), request.clone(), Arc::clone(&copied)).await {
                Err(error) if passes(error.kind) => error,
                done => return done,
            };
            let why = error.to_string();
            if told.as_ref() != Some(&why) {
                let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
                self.warn(format!("the login was granted and cannot be written yet: {why}{hint}. It is tried again"));
                told = Some(why);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// `copied` is the revision that was copied before a fresh start: a disk that is full gets one copy, not one each time.
    async fn write_login(
        &self,
        tokens: Tokens,
        request: LoginRequest,
        copied: Arc<AtomicU64>,
    ) -> Result<AccountId, Error> {
        // Those that make room may have a token on its way.
        let turn = if request.fresh { Some(self.in_turn().await?) } else { None };
        let store = self.store.clone();
        let id = self
            .commit(Creation::Allowed, move |transaction| {
                let (now, person) = (transaction.now(), claims(&tokens));
                if request.fresh {
                    let revision = transaction.before.revision;
                    if copied.load(Ordering::Relaxed) != revision {
                        transaction.keep_copy()?;
                        copied.store(revision, Ordering::Relaxed);
                    }
                    start_afresh(&mut transaction.state);
                }
                let state = &mut transaction.state;
                let position = position_of(&person, state).unwrap_or_else(|| {
                    state.accounts.push(StoredAccount {
                        id: format!("acc-{}", random_id()),
                        kind: Some(StoredKind::ChatGpt),
                        added_at: Some(now.as_millis()),
                        ..StoredAccount::default()
                    });
                    state.accounts.len() - 1
                });
                let mut renamed = None;
                let other_plan = same_under_another_plan(&person, state, position);
                let is_new = state.accounts[position].label.is_none() && state.accounts[position].email.is_none();
                let wanted = request.label.as_deref().map(str::trim).map(str::to_owned);
                let wanted = wanted.or_else(|| if is_new { person.email.clone() } else { None });
                if let Some(wanted) = wanted {
                    let free = free_label(state, &wanted, person.plan.as_deref(), Some(position));
                    if request.label.is_some() && free != wanted {
                        renamed = Some((wanted, free.clone()));
                    }
                    state.accounts[position].label = Some(free);
                }
                let before = store.open_secret(state, &state.accounts[position], SecretField::RefreshToken);
                let account = &mut state.accounts[position];
                account.clear_faults();
                put(account, &tokens, now);
                account.account_id = person.account_id.or(account.account_id.take());
                account.email = person.email.or(account.email.take());
                Ok((account.clone(), before.unwrap_or_default(), renamed, other_plan))
            })
            .await;
        let (account, before, renamed, other_plan) = id?;
        self.note_login(&account, before);
        drop(turn);
        if let Some(number) = other_plan {
            self.warn(format!(
                "account {number} is the same person and workspace under another plan; if the plan changed, \
                 `codex-account-manager remove {number}`"
            ));
        }
        if let Some((wanted, free)) = renamed {
            self.warn(format!("the label `{wanted}` is already in use; the new account is called `{free}`"));
        }
        let account = AccountId::new(account.id);
        self.believe_again(&account);
        Ok(account)
    }

    /// The token that the account had before is not to come back with an older copy of the file. It is still good, as far as
    /// is known, where another account has it too.
    fn note_login(&self, account: &StoredAccount, before: Option<Secret<String>>) {
        let (Some(before), Ok(Some(state))) = (before, self.store.read()) else { return };
        let is_shared = state.accounts.iter().any(|other| {
            let token = || self.store.open_secret(&state, other, SecretField::RefreshToken).unwrap_or_default();
            other.id != account.id && token().as_ref() == Some(&before)
        });
        if is_shared {
            return;
        }
        if let Err(error) = self.store.note_rotation(&state, account, &before) {
            tracing::debug!("the newest tokens are not noted beside the accounts file: {error}");
        }
    }
}

/// Whether a write that failed may succeed later.
fn passes(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::StoreBusy | ErrorKind::StoreUnreadable | ErrorKind::Locked)
}

/// Takes every account out, and what points at one.
fn start_afresh(state: &mut State) {
    let fresh = State::new(state.store_id.as_str());
    state.accounts = fresh.accounts;
    state.active_index = fresh.active_index;
    state.active_index_by_family = fresh.active_index_by_family;
    state.pin = fresh.pin;
    for session in &mut state.sessions {
        session.accounts.clear();
        session.start_account = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(account_id: &str, email: &str, plan: &str) -> StoredAccount {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        StoredAccount {
            account_id: text(account_id),
            email: text(email),
            plan: text(plan),
            label: text(email),
            ..StoredAccount::default()
        }
    }

    fn person(account_id: &str, email: &str, plan: &str) -> Claims {
        let StoredAccount { account_id, email, plan, .. } = account(account_id, email, plan);
        Claims { account_id, email, plan, ..Claims::default() }
    }

    #[test]
    fn workspaces_and_people_are_kept_apart_and_a_login_again_is_the_same_account() {
        let mut state = State::default();
        state.accounts.push(account("ws-1", "you@x.com", "plus"));
        state.accounts.push(account("ws-2", "you@x.com", "team"));
        state.accounts.push(account("ws-2", "me@x.com", "team"));
        state.accounts.push(account("ws-4", "", ""));
        state.accounts.push(StoredAccount { needs_login: Some(true), ..account("ws-5", "you@x.com", "plus") });
        for (login, expected) in [
            (person("ws-1", "you@x.com", "plus"), Some(0)),
            (person("ws-1", "YOU@x.com", "plus"), Some(0)),
            (person("ws-2", "you@x.com", "team"), Some(1)),
            (person("ws-2", "me@x.com", "team"), Some(2)),
            (person("ws-3", "you@x.com", "plus"), None),
            (person("ws-1", "you@x.com", "team"), None),
            (person("ws-4", "new@x.com", "pro"), Some(3)),
            (person("ws-5", "you@x.com", "pro"), Some(4)),
        ] {
            assert_eq!(position_of(&login, &state), expected, "{login:?}");
        }
    }
}
