//! A login that is good, on its way into the accounts file: as a new account, or as the same one logged in again.

use super::LoginRequest;
use crate::domain::account::AccountId;
use crate::domain::claims::Claims;
use crate::error::{Error, ErrorKind};
use crate::manager::tokens::put;
use crate::manager::{Manager, random_id};
use crate::oauth::Tokens;
use crate::store::{Creation, State, StoredAccount, StoredKind};

/// Who logged in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Identity {
    account_id: Option<String>,
    email: Option<String>,
    plan: Option<String>,
}

impl Identity {
    fn of(tokens: &Tokens) -> Identity {
        let access = Claims::read(tokens.access_token.expose()).unwrap_or_default();
        let id = tokens.id_token.as_ref().and_then(|token| Claims::read(token.expose())).unwrap_or_default();
        Identity {
            account_id: id.account_id.or(access.account_id),
            email: id.email.or(access.email),
            plan: id.plan.or(access.plan),
        }
    }

    /// The account that this login is of. One person may have several workspaces, and one workspace may hold several
    /// people. A plan changes: an account whose own plan is not known or whose login is over is the same with any.
    fn position(&self, state: &State) -> Option<usize> {
        let is_same = |account: &StoredAccount| {
            account.kind() == StoredKind::ChatGpt
                && account.account_id == self.account_id
                && matches(account.email.as_deref(), self.email.as_deref())
        };
        let accounts = || state.accounts.iter().enumerate().filter(|(_, account)| is_same(account));
        let exact = accounts().find(|(_, account)| account.plan == self.plan);
        let renewed = || accounts().find(|(_, account)| account.plan.is_none() || account.needs_login == Some(true));
        exact.or_else(renewed).map(|(position, _)| position)
    }
}

/// Whether two addresses are one; what is not known is no other.
fn matches(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, _) | (_, None) => true,
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
        if tokens.refresh_token.is_none() {
            return Err(
                Error::new(ErrorKind::LoginFailed, "the issuer gave no token that lasts").hint("begin the login again")
            );
        }
        if request.fresh {
            self.store.reset().await?;
        }
        let tokens = tokens.clone();
        let id = self
            .commit(Creation::Allowed, move |transaction| {
                let (now, identity) = (transaction.now(), Identity::of(&tokens));
                let state = &mut transaction.state;
                let position = identity.position(state).unwrap_or_else(|| {
                    state.accounts.push(StoredAccount {
                        id: format!("acc-{}", random_id()),
                        kind: Some(StoredKind::ChatGpt),
                        added_at: Some(now.as_millis()),
                        ..StoredAccount::default()
                    });
                    state.accounts.len() - 1
                });
                let is_new = state.accounts[position].label.is_none() && state.accounts[position].email.is_none();
                let wanted = request.label.as_deref().map(str::trim).map(str::to_owned);
                let wanted = wanted.or_else(|| if is_new { identity.email.clone() } else { None });
                if let Some(wanted) = wanted {
                    let free = free_label(state, &wanted, identity.plan.as_deref(), position);
                    state.accounts[position].label = Some(free);
                }
                let account = &mut state.accounts[position];
                account.refresh_pending = None;
                account.cooling_down_until = None;
                account.cooldown_reason = None;
                put(account, &tokens, now);
                account.account_id = identity.account_id.or(account.account_id.take());
                account.email = identity.email.or(account.email.take());
                Ok(account.id.clone())
            })
            .await?;
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

fn has_label(account: &StoredAccount, label: &str) -> bool {
    account.label.as_ref().is_some_and(|known| known.to_lowercase() == label.to_lowercase())
}

/// `wanted`, unless another account is called so: then with the plan, which tells the workspaces of one person apart, or
/// with a number.
fn free_label(state: &State, wanted: &str, plan: Option<&str>, own: usize) -> String {
    // Room for what is added, and no more than a label may have.
    let wanted: String = wanted.chars().filter(|letter| !letter.is_control()).take(48).collect();
    let is_free = |label: &String| {
        !state.accounts.iter().enumerate().any(|(position, account)| position != own && has_label(account, label))
    };
    let plan = plan.filter(|plan| plan.len() <= 12).map(|plan| format!("{wanted} ({plan})"));
    let numbered = (2..).map(|number| format!("{wanted} ({number})"));
    let mut labels = std::iter::once(wanted.clone()).chain(plan).chain(numbered);
    labels.find(is_free).expect("there are more numbers than accounts")
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

    fn identity(account_id: &str, email: &str, plan: &str) -> Identity {
        let StoredAccount { account_id, email, plan, .. } = account(account_id, email, plan);
        Identity { account_id, email, plan }
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
            (identity("ws-1", "you@x.com", "plus"), Some(0)),
            (identity("ws-1", "YOU@x.com", "plus"), Some(0)),
            (identity("ws-2", "you@x.com", "team"), Some(1)),
            (identity("ws-2", "me@x.com", "team"), Some(2)),
            (identity("ws-3", "you@x.com", "plus"), None),
            (identity("ws-1", "you@x.com", "team"), None),
            (identity("ws-4", "new@x.com", "pro"), Some(3)),
            (identity("ws-5", "you@x.com", "pro"), Some(4)),
        ] {
            assert_eq!(login.position(&state), expected, "{login:?}");
        }
    }

    #[test]
    fn a_label_that_is_taken_gets_the_plan_and_then_a_number() {
        let mut state = State::default();
        assert_eq!(free_label(&state, "you@x.com", Some("team"), 9), "you@x.com");
        state.accounts.push(account("ws-1", "You@x.com", ""));
        assert_eq!(free_label(&state, "you@x.com", Some("team"), 9), "you@x.com (team)");
        assert_eq!(free_label(&state, "you@x.com", Some("team"), 0), "you@x.com");
        state.accounts.push(account("ws-2", "you@x.com (team)", ""));
        assert_eq!(free_label(&state, "you@x.com", Some("team"), 9), "you@x.com (2)");
        assert_eq!(free_label(&state, &"x".repeat(90), None, 9).len(), 48);
    }
}
