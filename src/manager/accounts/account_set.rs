//! The accounts that a session may use, as its doors report them, and what words name.

use std::sync::Arc;

use super::Accounts;
use crate::domain::account::{check_group, is_same_label};
use crate::domain::account_set::{Named, Selection, groups_and_labels};
use crate::domain::allowed::Allowed;
use crate::domain::near;
use crate::domain::pool::Pool;
use crate::domain::report::AccountSetReport;
use crate::store::{SharedAccount, State, StoredAccount};

/// The accounts of `state` by what they are called, which are `names`.
pub(super) fn named<'a>(state: &'a State, names: &'a [String]) -> Vec<Named<'a>> {
    let known = |(account, label): (&'a SharedAccount, &'a String)| Named {
        id: &account.id,
        label,
        groups: account.groups.as_deref().unwrap_or_default(),
        has_unknown_groups: has_unknown_groups(account),
    };
    state.accounts.iter().zip(names).map(known).collect()
}

/// Whether another hand wrote into the file what is no group: what is no list of texts stays there as it is.
fn has_unknown_groups(account: &StoredAccount) -> bool {
    let Some(groups) = &account.groups else { return account.extra.contains_key("groups") };
    groups.iter().any(|group| check_group(group).is_err())
}

impl Accounts {
    /// The accounts that a request may use now which comes with the key of the proxy that is called `key`.
    pub fn allowed_to(&self, key: Option<&str>) -> Arc<Allowed> {
        if key.is_none() && self.session.standing().bounds.is_open() {
            return Arc::default();
        }
        self.view().pool.allowed_to(key)
    }

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

    /// Why a list of words names no set of accounts, and what may have been meant: for who may see every account.
    pub fn fault_of(&self, selection: &Selection) -> Option<(String, Option<String>)> {
        let state = self.view().state;
        let names = self.names.names(&state);
        let accounts = named(&state, &names);
        let why = selection.of_accounts(&accounts).err()?;
        let known =
            accounts.iter().flat_map(|account| account.groups.iter().map(String::as_str).chain([account.label]));
        let meant = why.unknown().and_then(|name| {
            let emails = state.accounts.iter().map(|account| account.email.as_deref());
            of_email(name, emails.zip(names.iter())).or_else(|| near::question(&near::near(name, known)))
        });
        Some((why.to_string(), meant))
    }

    /// The labels that are names of groups too.
    pub fn groups_and_labels(&self) -> Vec<String> {
        let state = self.view().state;
        groups_and_labels(&named(&state, &self.names.names(&state))).into_iter().map(str::to_owned).collect()
    }
}

/// That a name is an email, which is no word of a list, where it is one of `accounts`: each with its email and its label.
fn of_email<'a>(name: &str, accounts: impl Iterator<Item = (Option<&'a str>, &'a String)>) -> Option<String> {
    let is_it = |email: Option<&str>| email.is_some_and(|email| is_same_label(email, name));
    let labels: Vec<String> =
        accounts.filter(|(email, _)| is_it(*email)).map(|(_, label)| format!("`{label}`")).collect();
    (!labels.is_empty()).then(|| format!("that is the email of {0}; write {0}", labels.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_in_a_list_is_answered_with_the_label() {
        let labels = ["privat", "team", "key"].map(str::to_owned);
        let emails = [Some("me@x.y"), Some("us@x.y"), None];
        let of = |name: &str| of_email(name, emails.into_iter().zip(&labels));
        assert_eq!(of("ME@x.y").as_deref(), Some("that is the email of `privat`; write `privat`"));
        assert_eq!(of("key"), None);
        let twice = of_email("me@x.y", [Some("me@x.y"); 2].into_iter().zip(&labels));
        assert_eq!(twice.as_deref(), Some("that is the email of `privat` and `team`; write `privat` and `team`"));
    }

    #[test]
    fn what_another_hand_wrote_that_is_no_group_is_told_from_none() {
        for (groups, is_unknown) in [
            (r#"["company"]"#, false),
            ("[]", false),
            ("null", false),
            (r#""company""#, true),
            (r#"["company "]"#, true),
            (r#"["company,x"]"#, true),
            ("[1]", true),
        ] {
            let account: StoredAccount = serde_json::from_str(&format!(r#"{{"id":"a","groups":{groups}}}"#)).unwrap();
            assert_eq!(has_unknown_groups(&account), is_unknown, "{groups}");
        }
    }
}
