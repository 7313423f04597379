//! An accounts file that is older than the tokens that are noted beside it: a process was killed before it wrote them, or a
//! program that synchronises files put an older copy back. The newest tokens come back before anything is done with the old.

use std::sync::atomic::Ordering;

use super::Accounts;
use super::names::name;
use super::pending::Pending;
use crate::domain::account::Kind;
use crate::store::{Creation, SecretField, State, Store, StoredAccount, StoredSecret};

/// Gives every login of `state` the newest tokens that are known to follow from its own. One that does not open stays. The
/// accounts of which the file had an older token, as people call them: where there are any the file was an older copy.
pub(in crate::manager) fn mend(store: &Store, state: &mut State) -> Vec<String> {
    let mut mended = Vec::new();
    let rotations = store.rotations();
    if rotations.is_empty() {
        return mended;
    }
    for position in 0..state.accounts.len() {
        let account = &state.accounts[position];
        if account.kind() != Kind::ChatGpt {
            continue;
        }
        let present = store.open_secret(state, account, SecretField::RefreshToken).unwrap_or_default();
        let Some(newest) = present.and_then(|present| rotations.newest(store, &account.id, &present)) else { continue };
        if !was_cut_off(&state.accounts[position]) {
            mended.push(format!("{} ({})", position + 1, name(state, position)));
        }
        let account = &mut state.accounts[position];
        account.refresh_token = Some(StoredSecret::New(newest.refresh_token));
        account.access_token = newest.access_token.map(StoredSecret::New);
        account.access_expires_at = newest.access_expires_at;
        account.refresh_pending = None;
        account.needs_login = None;
    }
    mended
}

/// Whether a refresh of it was begun and never ended: a process was killed, and the file is no older copy.
fn was_cut_off(account: &StoredAccount) -> bool {
    matches!(Pending::of(account), Some(Pending::Exchanging { .. }))
}

impl Accounts {
    /// Brings the newest tokens back when the file may be an older copy: it went back while this process ran, or a login of it
    /// is over where it was not known before.
    pub(in crate::manager) async fn look_for_an_older_copy(&self) {
        let is_first = !self.was_checked_for_age.swap(true, Ordering::Relaxed);
        let has_ended = || self.view().state.accounts.iter().any(|account| account.needs_login == Some(true));
        let is_suspect = self.store.take_went_back() || is_first && has_ended();
        if !is_suspect || self.store.rotations().is_empty() {
            return;
        }
        let store = self.store.clone();
        match self.commit(Creation::Never, move |transaction| Ok(mend(&store, &mut transaction.state))).await {
            Ok(mended) => self.report_mended(&mended),
            Err(error) => tracing::debug!("whether the accounts file is an older copy is not known: {error}"),
        }
    }

    /// Says that the accounts file was an older copy, where it was one.
    pub(in crate::manager) fn report_mended(&self, mended: &[String]) {
        if mended.is_empty() {
            return;
        }
        self.session.warn(format!(
            "an older copy of the accounts file was put back, with old tokens of account {}; the newest tokens were restored. Exclude the file from programs that sync or restore files",
            mended.join(", ")
        ));
    }
}
