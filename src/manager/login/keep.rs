//! A login that is good, on its way into the accounts file: as a new account, or as the same one logged in again.

use super::LoginRequest;
use crate::domain::account::{AccountId, Likeness, LoginIdentity};
use crate::error::{Error, ErrorKind};
use crate::manager::labels::{free_label, has_label};
use crate::manager::pool::identity;
use crate::manager::tokens::{claims, put};
use crate::manager::{Manager, random_id};
use crate::oauth::Tokens;
use crate::store::{Creation, State, StoredAccount, StoredKind};

/// Who logged in.
#[derive(Clone, Debug, Default)]
struct Person {
    account_id: Option<String>,
    email: Option<String>,
    plan: Option<String>,
}

impl Person {
    fn of(tokens: &Tokens) -> Person {
        let (access, id) = (claims(tokens.access_token.as_ref()), claims(tokens.id_token.as_ref()));
        Person {
            account_id: id.account_id.or(access.account_id),
            email: id.email.or(access.email),
            plan: id.plan.or(access.plan),
        }
    }

    /// The account that this login is of: the same one, else the one that may be it. A plan changes, so that an account
    /// whose login is over is taken to be the same under another.
    fn position(&self, state: &State) -> Option<usize> {
        let own = LoginIdentity {
            account_id: self.account_id.as_deref(),
            email: self.email.as_deref(),
            plan: self.plan.as_deref(),
        };
        let logins = state.accounts.iter().enumerate().filter(|(_, account)| account.kind() == StoredKind::ChatGpt);
        let alike = logins.filter_map(|(position, account)| {
            let likeness = own.likeness(&identity(account))?;
            (likeness != Likeness::OtherPlan || account.needs_login == Some(true)).then_some((position, likeness))
        });
        let alike: Vec<(usize, Likeness)> = alike.collect();
        match (alike.iter().find(|(_, likeness)| *likeness == Likeness::Same), alike.as_slice()) {
            (Some((position, _)), _) | (None, [(position, _)]) => Some(*position),
            (None, _) => None,
        }
    }
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
            return Err(Error::new(ErrorKind::Conflict, format!("an account is called `{}` already", label.trim()))
                .hint("choose another label"));
        }
        Ok(())
    }

    pub(super) async fn keep_login(&self, tokens: &Tokens, request: LoginRequest) -> Result<AccountId, Error> {
        if tokens.refresh_token.is_none() || tokens.access_token.is_none() {
            return Err(
                Error::new(ErrorKind::LoginFailed, "the issuer's answer lacks a token").hint("begin the login again")
            );
        }
        // Those that make room may have a token on its way.
        let turn = if request.fresh { Some(self.in_turn().await?) } else { None };
        let tokens = tokens.clone();
        let id = self
            .commit(Creation::Allowed, move |transaction| {
                let (now, person) = (transaction.now(), Person::of(&tokens));
                if request.fresh {
                    transaction.keep_copy()?;
                    start_afresh(&mut transaction.state);
                }
                let state = &mut transaction.state;
                let position = person.position(state).unwrap_or_else(|| {
                    state.accounts.push(StoredAccount {
                        id: format!("acc-{}", random_id()),
                        kind: Some(StoredKind::ChatGpt),
                        added_at: Some(now.as_millis()),
                        ..StoredAccount::default()
                    });
                    state.accounts.len() - 1
                });
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
                let account = &mut state.accounts[position];
                account.refresh_pending = None;
                account.cooling_down_until = None;
                account.cooldown_reason = None;
                put(account, &tokens, now);
                account.account_id = person.account_id.or(account.account_id.take());
                account.email = person.email.or(account.email.take());
                Ok((account.id.clone(), renamed))
            })
            .await;
        drop(turn);
        let (id, renamed) = id?;
        if let Some((wanted, free)) = renamed {
            self.warn(format!("an account is called `{wanted}` already; the new one is called `{free}`"));
        }
        {
            let mut memory = self.memory();
            let account = AccountId::new(id.clone());
            memory.unopened.remove(&account);
            memory.benches.remove(&account);
            memory.touch();
        }
        Ok(AccountId::new(id))
    }
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

    fn person(account_id: &str, email: &str, plan: &str) -> Person {
        let StoredAccount { account_id, email, plan, .. } = account(account_id, email, plan);
        Person { account_id, email, plan }
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
            assert_eq!(login.position(&state), expected, "{login:?}");
        }
    }
}
