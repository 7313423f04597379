//! The account that a person names.

use super::names::names;
use crate::domain::account::is_same_label;
use crate::domain::lookup::{self, LookupError, Names};
use crate::domain::near;
use crate::domain::pool::Pool;
use crate::error::{Error, ErrorKind};
use crate::manager::failure::FIRST_ACCOUNT;
use crate::store::{State, StoredAccount};

/// The 0-based position of the account that `wanted` names.
pub fn find(state: &State, wanted: &str) -> Result<usize, Error> {
    let shown = names(state);
    let known = state.accounts.iter().zip(&shown).map(|(account, shown)| Names {
        id: &account.id,
        label: account.label.as_deref(),
        email: account.email.as_deref(),
        shown,
        account_id: account.account_id.as_deref(),
    });
    lookup::find(&known.collect::<Vec<_>>(), wanted).map_err(|error| match error {
        LookupError::NotFound { count: 0 } => {
            Error::new(ErrorKind::AccountNotFound, "there is no account yet").hint(FIRST_ACCOUNT)
        }
        LookupError::NotFound { count } => {
            let members = in_group(state, &shown, wanted);
            if !members.is_empty() {
                return Error::new(ErrorKind::AccountNotFound, format!("`{wanted}` is a group, not an account"))
                    .hint(format!("name one of its accounts: {}", members.join(", ")));
            }
            let known = state.accounts.iter().flat_map(|account| [account.label.as_deref(), account.email.as_deref()]);
            let meant = near::question(&near::near(wanted, known.flatten()));
            let meant = meant.map(|question| format!("{question} Otherwise ")).unwrap_or_default();
            Error::new(ErrorKind::AccountNotFound, format!("there is no account `{wanted}`")).hint(match count {
                1 => format!("{meant}use 1, or the id, label or email of the only account"),
                _ => format!("{meant}use a number from 1 to {count}, an id, a label or an email"),
            })
        }
        LookupError::Ambiguous(positions) => {
            let listed = positions.iter().map(|position| format!("{} ({})", position + 1, shown[*position]));
            let listed: Vec<String> = listed.collect();
            let message = format!("`{wanted}` matches several accounts: {}", listed.join(", "));
            Error::new(ErrorKind::AmbiguousAccount, message).hint("use the number, or the name in the parentheses")
        }
    })
}

/// The accounts of a group, as messages name them.
fn in_group(state: &State, shown: &[String], group: &str) -> Vec<String> {
    let is_in = |account: &StoredAccount| account.groups.iter().flatten().any(|it| is_same_label(it, group.trim()));
    let members = state.accounts.iter().zip(shown).enumerate().filter(|(_, (account, _))| is_in(account));
    members.map(|(position, (_, label))| format!("{} ({label})", position + 1)).collect()
}

/// Refuses the account at `position` where this session may not use it: a person is told at once that what they ask for
/// would have no effect here.
pub fn refuse_outside(pool: &Pool, position: usize) -> Result<(), Error> {
    let member = &pool.members[position];
    if member.allowed {
        return Ok(());
    }
    let (number, refusal) = (position + 1, pool.allowed.refusal(&member.id));
    let message = format!("account {number} ({}) may not be used in this session: {refusal}", member.label);
    Err(Error::new(ErrorKind::InvalidParams, message).hint("change the rule, or name an account that it allows"))
}

/// The 0-based position of the account with this id.
pub fn position(state: &State, id: &str) -> Result<usize, Error> {
    state.position(id).ok_or_else(gone)
}

/// That an account that was there is not any more.
pub fn gone() -> Error {
    Error::new(ErrorKind::AccountNotFound, "the account has been removed")
        .hint("`codex-account-manager list` shows the accounts")
}
