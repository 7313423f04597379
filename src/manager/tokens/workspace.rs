//! Where a login's workspace has its place: asked once a day at most, kept in the accounts file, and waited for where the
//! login's own claims say that it has one. A token never goes to an origin that is not the provider's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Tokens, passing};
use crate::background;
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::workspace::Workspace;
use crate::error::Error;
use crate::manager::accounts::Target;
use crate::manager::accounts::place::{Located, write};
use crate::store::Creation;
use crate::upstream::chatgpt::Endpoint;
use crate::upstream::credential::Place;

/// A place that is known is asked about again after this time.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// Where nothing could be learned, nothing is asked for this time.
const LEFT_ALONE: Duration = Duration::from_secs(5 * 60);

/// How long a request waits to learn where its login has its place.
const PATIENCE: Duration = Duration::from_secs(5);

/// The questions for places.
#[derive(Default)]
pub(super) struct Locating {
    /// One is asked at a time.
    turn: tokio::sync::Mutex<()>,
    /// When this process asked last for each login.
    asked: Mutex<HashMap<AccountId, Timestamp>>,
}

impl Locating {
    fn asked(&self) -> MutexGuard<'_, HashMap<AccountId, Timestamp>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tokens {
    /// What it takes to use the account, at the place of its login's workspace.
    ///
    /// # Errors
    ///
    /// `UpstreamFailed` when that is no place of the provider's.
    pub(super) async fn in_place(
        self: &Arc<Self>,
        account: &AccountId,
        mut target: Arc<Target>,
    ) -> Result<Arc<Target>, Error> {
        let Some(login) = target.credential.login() else { return Ok(target) };
        let Place { residency, is_fedramp, .. } = &login.place;
        if (residency.is_some() || *is_fedramp) && self.is_location_due(account, target.located.as_ref()) {
            let (room, located) = (Arc::clone(self), account.clone());
            let locating = background::spawn(async move { room.locate(&located).await });
            if target.located.is_none() {
                // It goes on when nobody waits for it any more.
                let _ = tokio::time::timeout(PATIENCE, locating).await;
                let late = || passing("its credential does not open any more");
                target = self.accounts.target_of(account).ok_or_else(late)?;
            }
        }
        if self.accounts.bases().is_chatgpt_given {
            return Ok(target);
        }
        match target.located.as_ref().map(|located| located.workspace.base_url()) {
            Some(Err(origin)) => Err(passing(format!(
                "its workspace is at `{origin}`, which is not an address of ChatGPT; set `CAM_CHATGPT_BASE_URL` if requests should go there"
            ))),
            Some(Ok(_)) | None => Ok(target),
        }
    }

    /// Asks the backend where the account's workspace has its place, if that is due.
    pub(in crate::manager) async fn locate(self: &Arc<Self>, account: &AccountId) {
        let _turn = self.locating.turn.lock().await;
        let known = self.accounts.target_of(account).and_then(|target| target.located.clone());
        if !self.is_location_due(account, known.as_ref()) {
            return;
        }
        {
            let state = self.accounts.view().state;
            let mut asked = self.locating.asked();
            asked.retain(|id, _| state.position(id.as_str()).is_some());
            asked.insert(account.clone(), self.session.now());
        }
        match self.ask_for_place(account).await {
            Ok(true) => {}
            Ok(false) => tracing::debug!("the backend returned nothing about the workspace of {account}"),
            Err(error) => tracing::debug!("the region of {account} is not known: {error}"),
        }
    }

    /// Whether the answer says where it is.
    async fn ask_for_place(self: &Arc<Self>, account: &AccountId) -> Result<bool, Error> {
        let (answer, mark) = self.ask_backend(account, Endpoint::Accounts, &self.says_of_itself()).await?;
        let (store, id) = (self.accounts.store().clone(), account.as_str().to_owned());
        self.accounts
            .commit(Creation::Never, move |transaction| {
                let (state, at) = (&transaction.state, transaction.now());
                let Some(position) = state.position(&id) else { return Ok(false) };
                let stored = &state.accounts[position];
                let Some(workspace) = Workspace::of(&answer.body, stored.account_id.as_deref()) else {
                    return Ok(false);
                };
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
        let now = self.session.now();
        // A time to come is of a clock that was set back.
        let is_since = |at: Timestamp, length: Duration| at <= now && now < at.after(length);
        let asked = self.locating.asked().get(account).copied();
        !known.is_some_and(|known| is_since(known.at, FRESH)) && !asked.is_some_and(|at| is_since(at, LEFT_ALONE))
    }
}
