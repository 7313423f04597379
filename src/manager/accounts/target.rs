//! What it takes to use an account, opened once for each state of the file.

use std::sync::Arc;

use super::credential_mark::{CredentialMark, access_token};
use super::place::{self, Located};
use super::pool::distinct_label;
use super::{Accounts, View};
use crate::domain::account::{AccountId, Kind};
use crate::domain::base_url::BaseUrl;
use crate::domain::claims::Claims;
use crate::domain::time::Timestamp;
use crate::secrets::master_key::KeyError;
use crate::store::{SecretField, StoredAccount};
use crate::upstream::credential::{ApiKey, Credential, Login};

/// What it takes to use an account; made once for each state of the file.
#[derive(Debug)]
pub struct Target {
    /// The name that people use.
    pub label: String,
    /// Its name in the metrics, which no other account has.
    pub(in crate::manager) metrics_label: String,
    /// Where its requests go.
    pub base_url: BaseUrl,
    /// What they authenticate with.
    pub credential: Credential,
    /// Which credential that is.
    pub(in crate::manager) mark: CredentialMark,
    /// Where the backend said that a login's workspace has its place.
    pub(in crate::manager) located: Option<Located>,
}

impl Target {
    /// How the account authenticates.
    pub fn kind(&self) -> Kind {
        match &self.credential {
            Credential::ApiKey(_) => Kind::ApiKey,
            Credential::ChatGpt(_) => Kind::ChatGpt,
        }
    }
}

impl Accounts {
    /// What it takes to use the account. `None` when that does not open or is gone.
    pub fn target_of(&self, account: &AccountId) -> Option<Arc<Target>> {
        let view = self.view();
        let position = view.state.position(account.as_str())?;
        self.target(&view, position)
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
                tracing::warn!("account {}: {}", position + 1, error.with_hint());
                None
            }
        };
        let (Some(credential), Some(base_url)) = (opened, self.base_url(account)) else {
            self.unopened().insert(AccountId::new(account.id.clone()));
            self.session.changes().touch();
            return None;
        };
        Some(Target {
            label: view.pool.members[position].label.clone(),
            metrics_label: distinct_label(&view.pool, position),
            mark: CredentialMark::of(account, credential.bearer()),
            located: place::read(account),
            base_url,
            credential,
        })
    }

    /// Whether what an account authenticates with opens; a login without a token is renewed with its refresh token.
    pub(super) fn opens(&self, view: &View, account: &StoredAccount) -> bool {
        let fields: &[SecretField] = match account.kind() {
            Kind::ApiKey => &[SecretField::ApiKey],
            Kind::ChatGpt => &[SecretField::AccessToken, SecretField::RefreshToken],
        };
        let opened = fields.iter().filter(|field| account.secret(**field).is_some());
        let mut opened = opened.map(|field| self.store.open_secret(&view.state, account, *field).is_ok()).peekable();
        opened.peek().is_none() || opened.any(|opens| opens)
    }

    /// What an account authenticates with; `None` when it has nothing to do so.
    fn credential(&self, view: &View, account: &StoredAccount) -> Result<Option<Credential>, KeyError> {
        let open = |field| self.store.open_secret(&view.state, account, field);
        Ok(match account.kind() {
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
                        place: place::place(account, claims),
                    })
                })
            }
        })
    }
}
