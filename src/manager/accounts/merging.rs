//! Making two accounts one that are the same login: what the person set on the first stays, the login that is newer is
//! kept, and what pointed at the second points at the first.

use super::Accounts;
use super::lookup::position;
use super::names::{identity, logins};
use super::older_copy::mend;
use super::removal::take_out;
use super::turn::Turn;
use crate::domain::account::AccountId;
use crate::error::{Error, ErrorKind};
use crate::secrets::Secret;
use crate::store::{Creation, FamilyPin, SecretField, SessionRecord, State, Store, StoredAccount, StoredSecret};

impl Accounts {
    /// Whether the two accounts can be one login.
    ///
    /// # Errors
    ///
    /// `AccountNotFound` when one was removed meanwhile, `Conflict` for logins that differ
    pub(in crate::manager) fn check_merge(&self, kept: &AccountId, gone: &AccountId) -> Result<(), Error> {
        check(&self.store, &self.fresh_view()?.state, kept.as_str(), gone.as_str())
    }

    /// Makes two logins one account: `gone` is merged into `kept`. The turn is an argument so that no token comes in meanwhile.
    ///
    /// # Errors
    ///
    /// Those of [`Accounts::check_merge`], `Locked` when a token does not open, `StoreBusy`, `StoreUnreadable`
    pub(in crate::manager) async fn merge(&self, kept: &AccountId, gone: &AccountId, _: &Turn) -> Result<(), Error> {
        let store = self.store.clone();
        let (into, from) = (kept.as_str().to_owned(), gone.as_str().to_owned());
        let before = self
            .commit(Creation::Never, move |transaction| {
                mend(&store, &mut transaction.state);
                check(&store, &transaction.state, &into, &from)?;
                join(&store, &mut transaction.state, &into, &from)
            })
            .await?;
        if let (Some(before), Some(state)) = (before, self.store.read()?)
            && let Some(account) = state.account(kept.as_str())
            && let Err(error) = self.store.note_rotation(&state, account, &before)
        {
            tracing::debug!("the newest tokens are not noted beside the accounts file: {error}");
        }
        self.store.forget_rotation(gone.as_str());
        self.believe_again(kept);
        Ok(())
    }
}

/// Whether the two can be one login.
fn check(store: &Store, state: &State, kept: &str, gone: &str) -> Result<(), Error> {
    let (kept, gone) = (position(state, kept)?, position(state, gone)?);
    let known = logins(store, state);
    let of = |wanted: usize| known.iter().find(|(position, _)| *position == wanted).map(|(_, account)| account);
    let (Some(one), Some(other)) = (of(kept), of(gone)) else {
        return Err(Error::new(ErrorKind::InvalidParams, "only logins can be merged"));
    };
    if identity(one).contradicts(&identity(other)) {
        let differs = match (&one.account_id, &other.account_id) {
            (Some(one), Some(other)) if one != other => format!("their account ids are {one} and {other}"),
            _ => "they are of two people".to_owned(),
        };
        let message = format!("accounts {} and {} are different logins: {differs}", kept + 1, gone + 1);
        return Err(Error::new(ErrorKind::Conflict, message)
            .hint(format!("`codex-account-manager remove {}` removes an account", gone + 1)));
    }
    Ok(())
}

/// Merges the accounts of `state`. The refresh token that `kept` had, where it has another one now.
fn join(store: &Store, state: &mut State, kept: &str, gone: &str) -> Result<Option<Secret<String>>, Error> {
    let (into, from) = (position(state, kept)?, position(state, gone)?);
    let open = |state: &State, position: usize, field| store.open_secret(state, &state.accounts[position], field);
    let mut before = None;
    let mut other = StoredAccount::clone(&state.accounts[from]);
    if is_better(&other, &state.accounts[into]) {
        before = open(state, into, SecretField::RefreshToken).unwrap_or_default();
        // A secret is sealed for its account.
        for field in [SecretField::RefreshToken, SecretField::AccessToken] {
            *other.secret_mut(field) = open(state, from, field)?.map(StoredSecret::New);
        }
        take_login(&mut state.accounts[into], &other);
    }
    fill(&mut state.accounts[into], other);
    point(state, kept, gone);
    take_out(state, from, into);
    Ok(before)
}

/// Whether `other` has the login to keep: one that works, else the one that was granted last.
fn is_better(other: &StoredAccount, own: &StoredAccount) -> bool {
    let works = |account: &StoredAccount| account.refresh_token.is_some() && account.needs_login != Some(true);
    let ends = |account: &StoredAccount| (account.access_expires_at, account.added_at);
    (works(other), ends(other)) > (works(own), ends(own))
}

fn take_login(own: &mut StoredAccount, other: &StoredAccount) {
    own.refresh_token.clone_from(&other.refresh_token);
    own.access_token.clone_from(&other.access_token);
    own.access_expires_at = other.access_expires_at;
    own.needs_login = other.needs_login;
    own.refresh_pending.clone_from(&other.refresh_pending);
    own.cooling_down_until = other.cooling_down_until;
    own.cooling_down_since = other.cooling_down_since;
    own.cooldown_reason.clone_from(&other.cooldown_reason);
    own.plan = other.plan.clone().or(own.plan.take());
    own.email = other.email.clone().or(own.email.take());
    own.compute_residency.clone_from(&other.compute_residency);
    own.fedramp = other.fedramp;
    own.workspace.clone_from(&other.workspace);
    for (field, newer) in
        [(&mut own.quota, &other.quota), (&mut own.meters, &other.meters), (&mut own.credits, &other.credits)]
    {
        *field = newer.clone().or(field.take());
    }
}

/// What only the other has. A limit is the account's upstream, whoever met it.
fn fill(own: &mut StoredAccount, other: StoredAccount) {
    own.account_id = own.account_id.take().or(other.account_id);
    own.user_id = own.user_id.take().or(other.user_id);
    own.subject = own.subject.take().or(other.subject);
    own.email = own.email.take().or(other.email);
    own.plan = own.plan.take().or(other.plan);
    own.label = own.label.take().or(other.label);
    own.priority = own.priority.or(other.priority);
    own.models = own.models.take().filter(|models| !models.is_empty()).or(other.models);
    own.groups = own.groups.take().filter(|groups| !groups.is_empty()).or(other.groups);
    own.daily_limit_usd = own.daily_limit_usd.or(other.daily_limit_usd);
    own.monthly_limit_usd = own.monthly_limit_usd.or(other.monthly_limit_usd);
    own.added_at = own.added_at.into_iter().chain(other.added_at).min();
    own.last_used = own.last_used.max(other.last_used);
    for (key, until) in other.rate_limit_reset_times {
        if own.rate_limit_reset_times.get(&key).is_none_or(|known| *known < until) {
            own.rate_limit_set_times.remove(&key);
            own.rate_limit_set_times
                .extend(other.rate_limit_set_times.get_key_value(&key).map(|(k, at)| (k.clone(), *at)));
            own.rate_limit_reset_times.insert(key, until);
        }
    }
    for (name, value) in other.extra.0 {
        own.extra.0.entry(name).or_insert(value);
    }
}

/// Whatever named the account `gone` names `kept`.
fn point(state: &mut State, kept: &str, gone: &str) {
    let moved = |id: &mut String| {
        if id == gone {
            kept.clone_into(id);
        }
    };
    let moved_pin = |pin: &mut FamilyPin| moved(&mut pin.account);
    if let Some(pin) = &mut state.pin {
        pin.account.iter_mut().for_each(moved);
        pin.families.values_mut().for_each(moved_pin);
    }
    for SessionRecord { start_account, accounts, pins, .. } in &mut state.sessions {
        start_account.iter_mut().for_each(moved);
        accounts.values_mut().for_each(moved);
        pins.all.iter_mut().for_each(moved_pin);
        pins.families.values_mut().for_each(moved_pin);
    }
}

#[cfg(test)]
mod tests;
