//! What it takes to use an account, opened once for each state of the file.

use std::sync::Arc;

use super::{Route, Target};
use crate::domain::account::{AccountId, Kind};
use crate::domain::claims::Claims;
use crate::domain::time::Timestamp;
use crate::manager::Manager;
use crate::manager::accounts::credential_mark::CredentialMark;
use crate::manager::accounts::pool;
use crate::manager::accounts::view::View;
use crate::manager::books::metrics;
use crate::manager::tokens::access_token;
use crate::manager::tokens::workspace;
use crate::manager::tokens::workspace::place;
use crate::secrets::master_key::KeyError;
use crate::store::{SecretField, StoredAccount};
use crate::upstream::credential::{ApiKey, Credential, Login};

impl Manager {
    /// The same route with what its account has in the file now. `None` when that does not open or is gone.
    pub(in crate::manager) fn rerouted(&self, route: Route) -> Option<Route> {
        let view = self.view();
        let position = view.state.position(route.account.as_str())?;
        let target = self.target(&view, position)?;
        Some(Route { target, ..route })
    }

    /// What it takes to use the account, opened at its first use.
    pub(in crate::manager) fn target(&self, view: &View, position: usize) -> Option<Arc<Target>> {
        if let Some(target) = view.targets[position].get() {
            return Some(Arc::clone(target));
        }
        let opened = Arc::new(self.open_target(view, position)?);
        Some(Arc::clone(view.targets[position].get_or_init(|| opened)))
    }

    fn open_target(&self, view: &View, position: usize) -> Option<Target> {
        let account = &view.state.accounts[position];
        let opened = match self.credential(view, account) {
            Ok(opened) => opened,
            Err(error) => {
                tracing::warn!("account {}: {error}", position + 1);
                None
            }
        };
        let (Some(credential), Some(base_url)) = (opened, self.base_url(account)) else {
            let mut memory = self.memory();
            memory.unopened.insert(AccountId::new(account.id.clone()));
            memory.touch();
            return None;
        };
        Some(Target {
            label: view.pool.members[position].label.clone(),
            metrics_label: metrics::label(&view.pool, position),
            mark: CredentialMark::of(account, credential.bearer()),
            located: workspace::read(account),
            base_url,
            credential,
        })
    }

    /// What an account authenticates with; `None` when it has nothing to do so.
    fn credential(&self, view: &View, account: &StoredAccount) -> Result<Option<Credential>, KeyError> {
        let open = |field| self.store.open_secret(&view.state, account, field);
        Ok(match pool::kind(account) {
            Kind::ApiKey => open(SecretField::ApiKey)?.map(|key| {
                let (organization, project) = (account.organization.clone(), account.project.clone());
                Credential::ApiKey(ApiKey { key, organization, project })
            }),
            Kind::ChatGpt => {
                let access_token = access_token(&self.store, &view.state, account)?;
                // Without a token a refresh is what is needed, and that has to open.
                let has_login = access_token.is_some() || open(SecretField::RefreshToken)?.is_some();
                has_login.then(|| {
                    let claims = Claims::of_login(access_token.as_ref().map(|token| token.expose().as_str()), None);
                    Credential::ChatGpt(Login {
                        life: claims.life(),
                        access_token,
                        expires_at: account.access_expires_at.map(Timestamp),
                        account_id: account.account_id.clone(),
                        place: place(account, claims),
                    })
                })
            }
        })
    }
}
