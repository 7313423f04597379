//! A login that is good, on its way into the accounts file: as a new account, or as the same one logged in again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::LoginRequest;
use crate::domain::account::{AccountId, Found, Kind};
use crate::domain::claims::Claims;
use crate::error::{Error, ErrorKind};
use crate::manager::accounts::labels::{free_label, has_label};
use crate::manager::accounts::names::{identity, logins, names};
use crate::manager::session::random_id;
use crate::manager::tokens::Tokens;
use crate::manager::tokens::keep::{AGAIN, claims, put};
use crate::oauth::Tokens as NewTokens;
use crate::secrets::Secret;
use crate::store::{Creation, SecretField, State, StoredAccount};

/// No file has so many revisions.
const NOTHING_COPIED: u64 = u64::MAX;

/// The account that this login is of, or those that it may be of. The only one that may be counts as it where it does not
/// work any more: nothing is lost then.
fn find(person: &Claims, state: &State, logins: &[(usize, StoredAccount)]) -> Found {
    let known = logins.iter().map(|(position, account)| (*position, identity(account)));
    match person.identity().find_among(known) {
        Found::Possible(positions) => match positions[..] {
            [only] if state.accounts[only].needs_login == Some(true) => Found::Same(only),
            _ => Found::Possible(positions),
        },
        found @ Found::Same(_) => found,
    }
}

/// The warning about a login that was added beside one that it may be.
fn may_be_another(state: &State, own: usize, others: &[usize]) -> String {
    let names = names(state);
    let account = |position: usize| format!("account {} ({})", position + 1, names[position]);
    let (number, first) = (own + 1, others[0] + 1);
    let listed: Vec<String> = others.iter().map(|other| account(*other)).collect();
    format!(
        "{} was added. It may be the same login as {}; too little is known of them to be sure. If it is, run \
         `codex-account-manager merge {first} {number}`",
        account(own),
        listed.join(" or "),
    )
}

impl Tokens {
    /// Early, so that nobody logs in for a label that is taken. A login may take back the label of a login.
    pub(super) fn refuse_label_of_a_key(&self, label: &str, fresh: bool) -> Result<(), Error> {
        let state = self.accounts.view().state;
        let taken =
            state.accounts.iter().any(|account| account.kind() == Kind::ApiKey && has_label(account, label.trim()));
        if taken && !fresh {
            return Err(Error::new(ErrorKind::Conflict, format!("the label `{}` is already in use", label.trim()))
                .hint("choose another label"));
        }
        Ok(())
    }

    /// Writes a login that was granted, however long that takes: nothing else has its tokens.
    pub(super) async fn keep_login(&self, tokens: &NewTokens, request: &LoginRequest) -> Result<AccountId, Error> {
        if tokens.refresh_token.is_none() || tokens.access_token.is_none() {
            return Err(
                Error::new(ErrorKind::LoginFailed, "the issuer's answer lacks a token").hint("begin the login again")
            );
        }
        let mut reported = None;
        let copied = Arc::new(AtomicU64::new(NOTHING_COPIED));
        loop {
            let error = match self.write_login(tokens.clone(), request.clone(), Arc::clone(&copied)).await {
                Err(error) if passes(error.kind) => error,
                done => return done,
            };
            let why = error.with_hint();
            if reported.as_ref() != Some(&why) {
                self.session.warn(format!("the login was granted and cannot be written yet: {why}. It is tried again"));
                reported = Some(why);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// `copied` is the revision that was copied before a fresh start: a disk that is full gets one copy, not one each time.
    async fn write_login(
        &self,
        tokens: NewTokens,
        request: LoginRequest,
        copied: Arc<AtomicU64>,
    ) -> Result<AccountId, Error> {
        // Those that make room may have a token on its way.
        let turn = if request.fresh { Some(self.accounts.in_turn().await?) } else { None };
        let store = self.accounts.store().clone();
        let id = self
            .accounts
            .commit_with_key(Creation::Allowed, move |transaction| {
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
                let (position, others) = match find(&person, state, &logins(&store, state)) {
                    Found::Same(position) => (position, Vec::new()),
                    Found::Possible(others) => {
                        let account = StoredAccount {
                            id: format!("acc-{}", random_id()),
                            kind: Some(Kind::ChatGpt),
                            added_at: Some(now.as_millis()),
                            ..StoredAccount::default()
                        };
                        state.accounts.push(account.into());
                        (state.accounts.len() - 1, others)
                    }
                };
                let mut renamed = None;
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
                let account = account.clone();
                let possible = (!others.is_empty()).then(|| may_be_another(state, position, &others));
                Ok((account, before.unwrap_or_default(), renamed, possible))
            })
            .await;
        let (account, before, renamed, possible) = id?;
        self.note_login(&account, before);
        drop(turn);
        if let Some(possible) = possible {
            self.session.warn(possible);
        }
        if let Some((wanted, free)) = renamed {
            self.session.warn(format!("the label `{wanted}` is already in use; the new account is called `{free}`"));
        }
        let account = AccountId::new(account.id.clone());
        self.accounts.believe_again(&account);
        Ok(account)
    }

    /// The token that the account had before is not to come back with an older copy of the file. It is still good, as far as
    /// is known, where another account has it too.
    fn note_login(&self, account: &StoredAccount, before: Option<Secret<String>>) {
        let (Some(before), Ok(Some(state))) = (before, self.accounts.store().read()) else { return };
        let is_shared = state.accounts.iter().any(|other| {
            let token =
                || self.accounts.store().open_secret(&state, other, SecretField::RefreshToken).unwrap_or_default();
            other.id != account.id && token().as_ref() == Some(&before)
        });
        if is_shared {
            return;
        }
        if let Err(error) = self.accounts.store().note_rotation(&state, account, &before) {
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
    use crate::store::SharedAccount;

    /// `account id/user id/email/plan`, each of which may be empty.
    fn account(text: &str) -> StoredAccount {
        let mut parts = text.split('/').map(|part| (!part.is_empty()).then(|| part.to_owned()));
        let mut next = || parts.next().flatten();
        StoredAccount { account_id: next(), user_id: next(), email: next(), plan: next(), ..StoredAccount::default() }
    }

    fn person(text: &str) -> Claims {
        let StoredAccount { account_id, user_id, email, plan, .. } = account(text);
        Claims { account_id, user_id, email, plan, ..Claims::default() }
    }

    #[test]
    fn workspaces_and_people_are_kept_apart_and_a_login_again_is_the_same_account() {
        let mut state = State::default();
        let ended = |text: &str| StoredAccount { needs_login: Some(true), ..account(text) };
        state.accounts = [
            account("ws-1/u-1/you@x.com/plus"),
            account("ws-2//you@x.com/team"),
            account("ws-2/u-2/me@x.com/team"),
            account("ws-4///"),
            ended("ws-5///"),
            account("//old@x.com/"),
            account("/u-9//"),
        ]
        .map(SharedAccount::from)
        .to_vec();
        let logins: Vec<(usize, StoredAccount)> =
            state.accounts.iter().map(|account| StoredAccount::clone(account)).enumerate().collect();
        for (login, expected) in [
            ("ws-1/u-1/you@x.com/plus", Found::Same(0)),
            ("ws-1/u-1/YOU@x.com/pro", Found::Same(0)),
            ("ws-1/u-1/renamed@x.com/plus", Found::Same(0)),
            ("ws-1/u-7/you@x.com/plus", Found::Possible(vec![])),
            ("ws-2/u-1/you@x.com/team", Found::Same(1)),
            ("ws-2/u-2/me@x.com/team", Found::Same(2)),
            ("ws-3/u-1/you@x.com/plus", Found::Possible(vec![])),
            ("ws-4/u-4/new@x.com/pro", Found::Possible(vec![3])),
            ("ws-5/u-5/new@x.com/pro", Found::Same(4)),
            ("ws-6/u-6/old@x.com/pro", Found::Possible(vec![5])),
            ("/u-9/nine@x.com/free", Found::Same(6)),
        ] {
            assert_eq!(find(&person(login), &state, &logins), expected, "{login}");
        }
    }

    #[test]
    fn a_login_that_may_be_another_says_how_to_make_them_one() {
        let accounts = vec![account("ws-4///").into(), account("ws-4/u-4/new@x.com/pro").into()];
        let state = State { accounts, ..State::default() };
        let warning = may_be_another(&state, 1, &[0]);
        assert_eq!(
            warning,
            "account 2 (new@x.com) was added. It may be the same login as account 1 (Account 1); too little is known of \
             them to be sure. If it is, run `codex-account-manager merge 1 2`"
        );
    }
}
