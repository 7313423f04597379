//! Accounts that became two: the same login twice, or two of which too little is known to be sure.

use crate::domain::account::{Kind, Likeness};
use crate::domain::report::AccountReport;

/// Two accounts that are one login, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twins {
    /// The number and the name of the one that was there first.
    pub first: (usize, String),
    /// Those of the other.
    pub second: (usize, String),
    /// Whether they are one for sure.
    pub is_sure: bool,
}

impl Twins {
    /// The sentence for a person.
    pub fn words(&self) -> String {
        let Twins { first: (first, name), second: (second, other), .. } = self;
        let what = if self.is_sure { "are one login and share its quota" } else { "may be one login" };
        format!("accounts {first} ({name}) and {second} ({other}) {what}")
    }

    /// What makes them one.
    pub fn command(&self) -> String {
        format!("codex-account-manager merge {} {}", self.first.0, self.second.0)
    }
}

/// The accounts that are or may be the login of one before them.
pub fn twins(accounts: &[AccountReport]) -> Vec<Twins> {
    let logins = || accounts.iter().filter(|account| account.kind == Kind::ChatGpt);
    let of = |account: &AccountReport| {
        let own = account.identity();
        let before = logins().take_while(|other| other.index < account.index);
        let mut alike = before.filter(|other| own.is_worth_asking(&other.identity()));
        let is_same = |other: &&AccountReport| own.likeness(&other.identity()) == Likeness::Same;
        let other = alike.clone().find(is_same).or_else(|| alike.next())?;
        let named = |account: &AccountReport| (account.index, account.label.clone());
        Some(Twins { first: named(other), second: named(account), is_sure: is_same(&other) })
    };
    logins().filter_map(of).collect()
}
