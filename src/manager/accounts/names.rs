//! Who the stored logins are and what people call the accounts.

use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::account::{Kind, LoginIdentity};
use crate::domain::claims::Claims;
use crate::domain::naming::{self, Naming};
use crate::store::{SecretField, SharedAccount, State, Store, StoredAccount};

/// What people call each account of `state`, in its order.
pub fn names(state: &State) -> Vec<String> {
    naming::names(&state.accounts.iter().map(naming).collect::<Vec<_>>())
}

fn naming(account: &SharedAccount) -> Naming<'_> {
    Naming {
        id: &account.id,
        label: account.label.as_deref(),
        email: account.email.as_deref(),
        plan: account.plan.as_deref(),
        account_id: account.account_id.as_deref(),
    }
}

/// What the accounts are called, kept for as long as nothing changes that they are called by.
#[derive(Default)]
pub(super) struct KnownNames(Mutex<(Vec<SharedAccount>, Arc<[String]>)>);

impl KnownNames {
    /// The [`names`] of `state`.
    pub(super) fn names(&self, state: &State) -> Arc<[String]> {
        let mut called = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, names) = &mut *called;
        let is_called_alike = |(known, account): (&SharedAccount, &SharedAccount)| {
            known.is_one_with(account) || naming(known) == naming(account)
        };
        if known.len() != state.accounts.len() || !known.iter().zip(&state.accounts).all(is_called_alike) {
            *names = self::names(state).into();
        }
        known.clone_from(&state.accounts);
        Arc::clone(names)
    }
}

/// What people call the account at `position`.
pub fn name(state: &State, position: usize) -> String {
    names(state).swap_remove(position)
}

/// Who the login is, as far as the file says.
pub fn identity(account: &StoredAccount) -> LoginIdentity<'_> {
    LoginIdentity {
        account_id: account.account_id.as_deref(),
        user_id: account.user_id.as_deref(),
        subject: account.subject.as_deref(),
        email: account.email.as_deref(),
    }
}

/// The logins of `state` by their positions, each with what its access token says of it where the file does not.
pub fn logins(store: &Store, state: &State) -> Vec<(usize, StoredAccount)> {
    let logins = state.accounts.iter().enumerate().filter(|(_, account)| account.kind() == Kind::ChatGpt);
    let learned = |(position, account): (usize, &SharedAccount)| {
        let mut known = StoredAccount::clone(account);
        if known.account_id.is_none() || known.user_id.is_none() || known.email.is_none() {
            // One that does not open says nothing.
            let token = store.open_secret(state, account, SecretField::AccessToken).unwrap_or_default();
            let token = token.as_ref().map(|token| token.expose().as_str());
            learn(&mut known, Claims::of_login(token, None));
        }
        (position, known)
    };
    logins.map(learned).collect()
}

/// Takes from a login's claims what is not known of it.
pub fn learn(account: &mut StoredAccount, claims: Claims) {
    account.account_id = account.account_id.take().or(claims.account_id);
    account.user_id = account.user_id.take().or(claims.user_id);
    account.subject = account.subject.take().or(claims.subject);
    account.email = account.email.take().or(claims.email);
    account.plan = account.plan.take().or(claims.plan);
}
