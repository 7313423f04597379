//! Which of the accounts that come in are there already, and what becomes of each. A login is known by account and person,
//! an API key by itself; the order of what is there stays.

use super::taken::Taken;
use super::{Imported, Incoming, Outcome, main_secret};
use crate::domain::account::{Found, Kind};
use crate::domain::time::Timestamp;
use crate::manager::accounts::labels::free_label_by;
use crate::manager::accounts::names::{identity, names};
use crate::manager::session::random_id;
use crate::secrets::Secret;
use crate::store::{SharedAccount, State, StoredAccount, StoredSecret};

/// What is known of the accounts that are there, in their order, beyond what the file says.
pub(super) struct Present<'a> {
    /// What each is used with.
    pub opened: Vec<Option<Secret<String>>>,
    /// The same accounts with what their tokens say of whom they are.
    pub known: Vec<SharedAccount>,
    /// Whether the account at a position had this refresh token, which was used up here.
    pub used_up: &'a dyn Fn(usize, &Secret<String>) -> bool,
}

/// Adds each account, renews the login of one that is there, or leaves that as it is.
pub(super) fn merge(
    state: &mut State,
    mut present: Present<'_>,
    incoming: Vec<Incoming>,
    now: Timestamp,
) -> Vec<Imported> {
    let mut imported = Vec::with_capacity(incoming.len());
    let mut taken = Taken::of(&state.accounts, &present.opened);
    for Incoming { account, origin } in incoming {
        let secret = match account.secret(main_secret(&account)) {
            Some(StoredSecret::New(text)) => text.clone(),
            Some(StoredSecret::Plain(_) | StoredSecret::Sealed(_)) | None => continue,
        };
        let is_login = account.kind() == Kind::ChatGpt;
        let (position, outcome, possible) = match find(&account, &secret, &present, &taken) {
            Found::Possible(possible) => {
                add(state, account, &mut taken, now);
                taken.add_secret(present.opened.len(), &secret);
                present.opened.push(Some(secret.clone()));
                present.known.extend(state.accounts.last().cloned());
                (state.accounts.len() - 1, Outcome::Added, possible)
            }
            Found::Same(position) => {
                let (there, opened) = (&mut state.accounts[position], &mut present.opened[position]);
                let outcome = match is_login {
                    true if (present.used_up)(position, &secret) => Outcome::Skipped(USED_UP),
                    true => renew(there, account, opened.as_ref(), &secret),
                    false => SAME_KEY,
                };
                if outcome == Outcome::Renewed {
                    *opened = Some(secret.clone());
                    taken.add_secret(position, &secret);
                }
                (position, outcome, Vec::new())
            }
        };
        imported.push(Imported {
            id: state.accounts[position].id.clone(),
            index: position + 1,
            label: String::new(),
            shares_login: is_login && present.opened[position].as_ref() == Some(&secret),
            origin,
            outcome,
            may_be: possible.iter().map(|position| position + 1).collect(),
        });
    }
    let names = names(state);
    for each in &mut imported {
        each.label.clone_from(&names[each.index - 1]);
    }
    imported
}

const USED_UP: &str = "its token is old, and a newer one is stored";

const SAME_KEY: Outcome = Outcome::Skipped("its key exists already");

/// The account that is there already, or those that it may be. Several workspaces of a person can have one refresh token,
/// so that the same one is the same login only where nothing else says otherwise.
fn find(account: &StoredAccount, secret: &Secret<String>, present: &Present<'_>, taken: &Taken) -> Found {
    let kind = account.kind();
    let has_secret = |position: usize| present.opened[position].as_ref() == Some(secret);
    if kind == Kind::ApiKey {
        let is_same = |position: &&usize| present.known[**position].kind() == kind && has_secret(**position);
        let same = taken.used_with(secret).iter().find(is_same);
        return same.map_or(Found::Possible(Vec::new()), |position| Found::Same(*position));
    }
    let of_kind = || present.known.iter().enumerate().filter(move |(_, other)| other.kind() == kind);
    let own = identity(account);
    let found = own.find_among(of_kind().map(|(position, other)| (position, identity(other))));
    let Found::Possible(possible) = found else { return found };
    let is_one = |(position, other): &(usize, &SharedAccount)| {
        (has_secret(*position) || (present.used_up)(*position, secret)) && !own.contradicts(&identity(other))
    };
    if let Some((position, _)) = of_kind().find(is_one) {
        return Found::Same(position);
    }
    match possible[..] {
        // Nothing is lost with a login that does not work.
        [only] if present.opened[only].is_none() || present.known[only].needs_login == Some(true) => Found::Same(only),
        _ => Found::Possible(possible),
    }
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
        return Outcome::Skipped("the imported login no longer works");
    }
    let is_of_no_use = opened != Some(secret) && (opened.is_none() || present.needs_login == Some(true));
    if !ends_later && !is_of_no_use {
        return Outcome::Skipped(if opened == Some(secret) {
            "its login exists already"
        } else {
            "the existing login does not end earlier"
        });
    }
    present.refresh_token = incoming.refresh_token;
    present.access_token = incoming.access_token;
    present.access_expires_at = incoming.access_expires_at;
    present.compute_residency = incoming.compute_residency;
    present.fedramp = incoming.fedramp;
    present.clear_faults();
    present.email = present.email.take().or(incoming.email);
    present.plan = incoming.plan.or(present.plan.take());
    present.account_id = present.account_id.take().or(incoming.account_id);
    present.user_id = incoming.user_id.or(present.user_id.take());
    present.subject = incoming.subject.or(present.subject.take());
    Outcome::Renewed
}

fn add(state: &mut State, mut account: StoredAccount, taken: &mut Taken, now: Timestamp) {
    let is_plain = (1..=64).contains(&account.id.len())
        && account.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        && !account.id.bytes().all(|byte| byte.is_ascii_digit());
    // What was used before under this id counts for it again.
    if !is_plain || !taken.is_free_id(&account.id) {
        account.id = format!("acc-{}", random_id());
    }
    let wanted = account.label.take().or_else(|| account.email.clone());
    let is_free = |label: &str| taken.is_free_label(label);
    account.label = wanted.map(|label| free_label_by(is_free, &label, account.plan.as_deref()));
    account.added_at = account.added_at.or(Some(now.as_millis()));
    taken.add(&account);
    state.accounts.push(account.into());
}

#[cfg(test)]
mod tests;
