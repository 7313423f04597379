//! Where a login's workspace has its place: asked once a day at most, kept in the accounts file, and waited for where the
//! login's own claims say that it has one. A token never goes to an origin that is not the provider's.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::account::AccountId;
use crate::domain::base_url::BaseUrl;
use crate::domain::claims::Claims;
use crate::domain::time::Timestamp;
use crate::domain::workspace::Workspace;
use crate::error::Error;
use crate::manager::Manager;
use crate::manager::router::Route;
use crate::manager::tokens::WithoutToken;
use crate::store::{Creation, StoredAccount};
use crate::upstream::chatgpt::Endpoint;
use crate::upstream::credential::Place;

/// A place that is known is asked about again after this time.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// Where nothing could be learned, nothing is asked for this time.
const LEFT_ALONE: Duration = Duration::from_secs(5 * 60);

/// How long a request waits to learn where its login has its place.
const PATIENCE: Duration = Duration::from_secs(5);

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

fn write(located: &Located) -> Value {
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

impl Manager {
    /// Where the backend says that the account's requests go. `None` for where all go: nothing is said, or it must not be
    /// followed, or a person says where the backend is.
    pub(in crate::manager) fn place_of(&self, account: &StoredAccount) -> Option<BaseUrl> {
        if self.is_chatgpt_base_given {
            return None;
        }
        read(account)?.workspace.base_url().ok().flatten()
    }

    /// Where the backend of a login is asked that says where its place is.
    pub(in crate::manager) fn entrance(&self, account: &StoredAccount) -> BaseUrl {
        let own = account.base_url.as_deref().and_then(|text| BaseUrl::parse(text).ok());
        own.unwrap_or_else(|| self.chatgpt_base.clone())
    }

    /// The same route at the place of its login's workspace.
    ///
    /// # Errors
    ///
    /// `Misplaced` when that is no place of the provider's.
    pub(in crate::manager) async fn in_place(self: &Arc<Self>, mut route: Route) -> Result<Route, WithoutToken> {
        let Some(login) = route.target.credential.login() else { return Ok(route) };
        let Place { residency, is_fedramp, .. } = &login.place;
        if (residency.is_some() || *is_fedramp) && self.is_location_due(&route.account, route.target.located.as_ref()) {
            let (manager, account) = (Arc::clone(self), route.account.clone());
            let locating = tokio::spawn(async move { manager.locate(&account).await });
            if route.target.located.is_none() {
                // It goes on when nobody waits for it any more.
                let _ = tokio::time::timeout(PATIENCE, locating).await;
                let late = || WithoutToken::Late("its credential does not open any more".to_owned());
                route = self.rerouted(route).ok_or_else(late)?;
            }
        }
        if self.is_chatgpt_base_given {
            return Ok(route);
        }
        match route.target.located.as_ref().map(|located| located.workspace.base_url()) {
            Some(Err(origin)) => Err(WithoutToken::Misplaced(origin.to_owned())),
            Some(Ok(_)) | None => Ok(route),
        }
    }

    /// Asks the backend where the account's workspace has its place, if that is due.
    pub(in crate::manager) async fn locate(self: &Arc<Self>, account: &AccountId) {
        let _turn = self.locating.lock().await;
        let known = self.target_of(account).and_then(|target| target.located.clone());
        if !self.is_location_due(account, known.as_ref()) {
            return;
        }
        self.memory().located.insert(account.clone(), self.clock.now());
        match self.ask_for_place(account).await {
            Ok(true) => {}
            Ok(false) => tracing::debug!("the backend returned nothing about the workspace of {account}"),
            Err(error) => tracing::debug!("the region of {account} is not known: {error}"),
        }
    }

    /// Whether the answer says where it is.
    async fn ask_for_place(self: &Arc<Self>, account: &AccountId) -> Result<bool, Error> {
        let (answer, mark) = self.ask_backend(account, Endpoint::Accounts, &self.says_of_itself()).await?;
        let (store, id) = (self.store.clone(), account.as_str().to_owned());
        self.commit(Creation::Never, move |transaction| {
            let (state, at) = (&transaction.state, transaction.now());
            let Some(position) = state.position(&id) else { return Ok(false) };
            let stored = &state.accounts[position];
            let Some(workspace) = Workspace::of(&answer.body, stored.account_id.as_deref()) else { return Ok(false) };
            // A login that came in meanwhile may be of another workspace.
            let is_current = mark.is_of(&store, state, stored);
            if is_current {
                transaction.state.accounts[position].workspace = Some(write(&Located { workspace, at }));
            }
            Ok(is_current)
        })
        .await
    }

    fn is_location_due(&self, account: &AccountId, known: Option<&Located>) -> bool {
        let now = self.clock.now();
        // A time to come is of a clock that was set back.
        let is_since = |at: Timestamp, length: Duration| at <= now && now < at.after(length);
        let asked = self.memory().located.get(account).copied();
        !known.is_some_and(|known| is_since(known.at, FRESH)) && !asked.is_some_and(|at| is_since(at, LEFT_ALONE))
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
