//! Where a login's workspace has its place, as the accounts file has it. A token never goes to an origin that is not the
//! provider's.

use serde_json::{Value, json};

use super::Accounts;
use crate::domain::base_url::BaseUrl;
use crate::domain::claims::Claims;
use crate::domain::time::Timestamp;
use crate::domain::workspace::Workspace;
use crate::store::StoredAccount;
use crate::upstream::credential::Place;

/// What the accounts file has of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// What the backend said.
    pub workspace: Workspace,
    /// When it did.
    pub at: Timestamp,
}

/// What the accounts file has of the account's workspace. `None` where the backend was not asked yet.
pub fn read(account: &StoredAccount) -> Option<Located> {
    let stored = account.workspace.as_ref()?;
    let text = |name: &str| stored.get(name)?.as_str().map(str::to_owned);
    let workspace = Workspace { origin: text("backendOrigin"), routing: text("routingOverride") };
    Some(Located { workspace, at: Timestamp(stored.get("toldAt")?.as_i64()?) })
}

/// Puts it there.
pub fn write(located: &Located) -> Value {
    let mut stored = json!({ "toldAt": located.at.as_millis() });
    let Workspace { origin, routing } = &located.workspace;
    for (name, value) in [("backendOrigin", origin), ("routingOverride", routing)] {
        if let Some(value) = value {
            stored[name] = json!(value);
        }
    }
    stored
}

/// What the account's requests have to say of its place. `claims` are those of its access token.
pub fn place(account: &StoredAccount, claims: Claims) -> Place {
    Place {
        residency: account.compute_residency.clone().or(claims.residency),
        is_fedramp: account.fedramp.unwrap_or(claims.is_fedramp),
        routing: read(account).and_then(|located| located.workspace.routing),
    }
}

/// Where the workspace has its place. An id token says all of it; without one only what the access token says is new.
pub fn put_place(account: &mut StoredAccount, claims: &Claims, says_all: bool) {
    let residency = claims.residency.clone();
    account.compute_residency = residency.or(account.compute_residency.take().filter(|_| !says_all));
    account.fedramp = claims.is_fedramp.then_some(true).or(account.fedramp.filter(|_| !says_all));
}

impl Accounts {
    /// Where the backend says that the account's requests go. `None` for where all go: nothing is said, or it must not be
    /// followed, or a person says where the backend is.
    pub(super) fn place_of(&self, account: &StoredAccount) -> Option<BaseUrl> {
        if self.bases.is_chatgpt_given {
            return None;
        }
        read(account)?.workspace.base_url().ok().flatten()
    }

    /// Where the backend of a login is asked that says where its place is.
    pub(in crate::manager) fn entrance(&self, account: &StoredAccount) -> BaseUrl {
        let own = account.base_url.as_deref().and_then(|text| BaseUrl::parse(text).ok());
        own.unwrap_or_else(|| self.bases.chatgpt.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let text = |text: &str| Some(text.to_owned());
        for workspace in [
            Workspace::default(),
            Workspace { origin: text("https://us.chatgpt.com"), routing: text("us") },
            Workspace { origin: None, routing: text("us_cr") },
        ] {
            let located = Located { workspace, at: Timestamp(7) };
            let account = StoredAccount { workspace: Some(write(&located)), ..StoredAccount::default() };
            assert_eq!(read(&account).as_ref(), Some(&located));
            assert_eq!(place(&account, Claims::default()).routing, located.workspace.routing);
        }
        for odd in [json!({}), json!([]), json!("us"), json!({ "toldAt": "now" }), Value::Null] {
            let account = StoredAccount { workspace: Some(odd), ..StoredAccount::default() };
            assert_eq!(read(&account), None);
        }
    }

    #[test]
    fn the_place_of_a_workspace_is_that_of_the_newest_id_token() {
        let mut account = StoredAccount::default();
        let us = || Claims { residency: Some("us".to_owned()), is_fedramp: true, ..Claims::default() };
        let eu = || Claims { residency: Some("eu".to_owned()), ..Claims::default() };
        for (claims, says_all, residency, fedramp) in [
            (Claims::default(), false, None, None),
            (us(), true, Some("us"), Some(true)),
            (Claims::default(), false, Some("us"), Some(true)),
            (eu(), false, Some("eu"), Some(true)),
            (eu(), true, Some("eu"), None),
            (Claims::default(), true, None, None),
        ] {
            put_place(&mut account, &claims, says_all);
            let found = (account.compute_residency.as_deref(), account.fedramp);
            assert_eq!(found, (residency, fedramp), "{claims:?} {says_all}");
        }
    }

    #[test]
    fn a_token_of_another_tool_says_where_its_workspace_has_its_place() {
        let residency = |text: &str| Some(text.to_owned());
        let claims = Claims { residency: residency("us"), is_fedramp: true, ..Claims::default() };
        let account = StoredAccount::default();
        let expected = Place { residency: residency("us"), is_fedramp: true, routing: None };
        assert_eq!(place(&account, claims.clone()), expected);
        let account = StoredAccount { compute_residency: residency("eu"), ..account };
        assert_eq!(place(&account, claims).residency, residency("eu"));
    }
}
