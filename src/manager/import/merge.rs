//! Which of the accounts that come in are there already, and what becomes of each. A login is told by account id, email
//! and plan, an API key by itself; the order of what is there stays.

use super::{Imported, Incoming, Outcome, main_secret};
use crate::domain::account::Likeness;
use crate::domain::time::Timestamp;
use crate::manager::labels::free_label;
use crate::manager::pool::{identity, label};
use crate::manager::random_id;
use crate::secrets::Secret;
use crate::store::{State, StoredAccount, StoredKind, StoredSecret};

/// Adds each account, renews the login of one that is there, or leaves that as it is. `opened` holds what each account
/// of `state` is used with, in its order.
pub(super) fn merge(
    state: &mut State,
    mut opened: Vec<Option<Secret<String>>>,
    incoming: Vec<Incoming>,
    now: Timestamp,
) -> Vec<Imported> {
    let mut imported = Vec::with_capacity(incoming.len());
    for Incoming { account, origin } in incoming {
        let secret = match account.secret(main_secret(&account)) {
            Some(StoredSecret::New(text)) => text.clone(),
            Some(StoredSecret::Plain(_) | StoredSecret::Sealed(_)) | None => continue,
        };
        let is_login = account.kind() == StoredKind::ChatGpt;
        let (position, outcome) = match position_of(&account, &secret, state, &opened) {
            None => {
                add(state, account, now);
                opened.push(Some(secret.clone()));
                (state.accounts.len() - 1, Outcome::Added)
            }
            Some(position) => {
                let present = &mut state.accounts[position];
                let outcome =
                    if is_login { renew(present, account, opened[position].as_ref(), &secret) } else { SAME_KEY };
                if outcome == Outcome::Renewed {
                    opened[position] = Some(secret.clone());
                }
                (position, outcome)
            }
        };
        imported.push(Imported {
            id: state.accounts[position].id.clone(),
            index: position + 1,
            label: label(&state.accounts[position], position),
            shares_login: is_login && opened[position].as_ref() == Some(&secret),
            origin,
            outcome,
        });
    }
    imported
}

const SAME_KEY: Outcome = Outcome::Skipped("its key is there already");

fn position_of(
    account: &StoredAccount,
    secret: &Secret<String>,
    state: &State,
    opened: &[Option<Secret<String>>],
) -> Option<usize> {
    let kind = account.kind();
    let of_kind = || state.accounts.iter().enumerate().filter(move |(_, other)| other.kind() == kind);
    let same_secret = of_kind().find(|(position, _)| opened[*position].as_ref() == Some(secret));
    if same_secret.is_some() || kind == StoredKind::ApiKey {
        return same_secret.map(|(position, _)| position);
    }
    let others = of_kind().map(|(position, other)| (position, identity(other)));
    identity(account).position_among(others, |_, likeness| likeness != Likeness::OtherPlan)
}

/// Takes the login over, unless it is dead, when the one that is there is of no use or ends earlier.
fn renew(
    present: &mut StoredAccount,
    incoming: StoredAccount,
    opened: Option<&Secret<String>>,
    secret: &Secret<String>,
) -> Outcome {
    let ends_later = match (incoming.access_expires_at, present.access_expires_at) {
        (Some(incoming), Some(known)) => incoming > known,
        (Some(_), None) => opened == Some(secret) && incoming.access_token.is_some(),
        (None, _) => false,
    };
    if incoming.needs_login == Some(true) && opened != Some(secret) {
        return Outcome::Skipped("the login that comes in does not work any more");
    }
    let is_of_no_use = opened != Some(secret) && (opened.is_none() || present.needs_login == Some(true));
    if !ends_later && !is_of_no_use {
        return Outcome::Skipped(if opened == Some(secret) {
            "its login is there already"
        } else {
            "the login that is there ends no earlier"
        });
    }
    present.refresh_token = incoming.refresh_token;
    present.access_token = incoming.access_token;
    present.access_expires_at = incoming.access_expires_at;
    present.compute_residency = incoming.compute_residency;
    present.fedramp = incoming.fedramp;
    present.clear_faults();
    present.email = present.email.take().or(incoming.email);
    present.plan = present.plan.take().or(incoming.plan);
    present.account_id = present.account_id.take().or(incoming.account_id);
    Outcome::Renewed
}

fn add(state: &mut State, mut account: StoredAccount, now: Timestamp) {
    let is_plain = (1..=64).contains(&account.id.len())
        && account.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        && !account.id.bytes().all(|byte| byte.is_ascii_digit());
    // What was used before under this id is then told of it again.
    let is_free = state.accounts.iter().all(|other| !other.id.eq_ignore_ascii_case(&account.id));
    if !is_plain || !is_free {
        account.id = format!("acc-{}", random_id());
    }
    let wanted = account.label.take().or_else(|| account.email.clone());
    account.label = wanted.map(|label| free_label(state, &label, account.plan.as_deref(), None));
    account.added_at = account.added_at.or(Some(now.as_millis()));
    state.accounts.push(account);
}

#[cfg(test)]
mod tests;
