//! The accounts that a session may use, as its doors report them, and what words name.

use std::collections::BTreeSet;

use super::Accounts;
use crate::domain::account::AccountId;
use crate::domain::account_set::{Named, Selection, SelectionError};
use crate::domain::pool::Pool;
use crate::domain::report::AccountSetReport;
use crate::store::{SharedAccount, State};

/// The accounts of `state` by what they are called, which are `names`.
pub(super) fn named<'a>(state: &'a State, names: &'a [String]) -> Vec<Named<'a>> {
    let known = |(account, label): (&'a SharedAccount, &'a String)| Named {
        id: &account.id,
        label,
        groups: account.groups.as_deref().unwrap_or_default(),
    };
    state.accounts.iter().zip(names).map(known).collect()
}

impl Accounts {
    /// The accounts of `pool` that this session may use; `None` where nothing narrows them.
    pub(in crate::manager) fn account_set(&self, pool: &Pool) -> Option<AccountSetReport> {
        let allowed = &pool.allowed;
        Some(AccountSetReport {
            name: allowed.name()?.to_owned(),
            accounts: pool.members.iter().filter(|member| member.allowed).map(|member| member.id.clone()).collect(),
            narrowed_by: allowed.narrowings().cloned().collect(),
            warnings: self.session.standing().warnings.clone(),
        })
    }

    /// The accounts that a list of words names.
    ///
    /// # Errors
    ///
    /// [`SelectionError`], where a word does not name what it is to name.
    pub fn named_by(&self, selection: &Selection) -> Result<BTreeSet<AccountId>, SelectionError> {
        let state = self.view().state;
        selection.of_accounts(&named(&state, &self.names.names(&state)))
    }
}
