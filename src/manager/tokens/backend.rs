//! What a ChatGPT backend says beside the answers of its models: quota and models, asked with a token that holds.

use std::sync::Arc;

use hyper::header::HeaderMap;

use super::{ISSUER_PATIENCE, Tokens, login_ended};
use crate::domain::account::{AccountId, Kind};
use crate::domain::base_url::BaseUrl;
use crate::error::{Error, ErrorKind};
use crate::manager::accounts::credential_mark::CredentialMark;
use crate::manager::accounts::lookup::{find, position, refuse_outside};
use crate::upstream::chatgpt::{self, Answered, Endpoint, ask};
use crate::upstream::credential::Login;

impl Tokens {
    /// The accounts that `wanted` names, without a name all that this session may use, of which the provider can be asked.
    ///
    /// # Errors
    ///
    /// `AccountNotFound`, `AmbiguousAccount`, `StoreUnreadable`, and `InvalidParams` for an API key that is named, or an
    /// account that this session may not use
    pub fn refreshable(&self, wanted: Option<&str>) -> Result<Vec<AccountId>, Error> {
        let view = self.accounts.fresh_view()?;
        let is_login = |position: &usize| view.state.accounts[*position].kind() == Kind::ChatGpt;
        let positions = match wanted {
            Some(wanted) => vec![find(&view.state, wanted)?],
            None => (0..view.state.accounts.len())
                .filter(|at| view.state.accounts[*at].enabled != Some(false) && view.pool.members[*at].allowed)
                .collect(),
        };
        if let (Some(_), [position]) = (wanted, &positions[..]) {
            refuse_outside(&view.pool, *position)?;
        }
        if let (Some(_), [position]) = (wanted, &positions[..])
            && !is_login(position)
        {
            let label = &view.pool.members[*position].label;
            return Err(Error::new(ErrorKind::InvalidParams, format!("`{label}` is an API key, which has no quota"))
                .hint("`codex-account-manager usage` shows what it used"));
        }
        let logins = positions.into_iter().filter(is_login);
        Ok(logins.map(|position| view.pool.members[position].id.clone()).collect())
    }

    /// How much of an account's plan is used, as its backend says it to a client that says this of itself; `None` for who asks
    /// where no client does. The answer comes with the credential that it was given to.
    ///
    /// # Errors
    ///
    /// Those of a question to the backend: `LoginFailed`, `UpstreamFailed`, `Locked`, `AccountNotFound`
    pub(in crate::manager) async fn plan_usage_of(
        self: &Arc<Self>,
        account: &AccountId,
        client: Option<&HeaderMap>,
    ) -> Result<(Answered, CredentialMark), Error> {
        let own;
        let client = match client {
            Some(client) => client,
            None => {
                own = self.says_of_itself();
                &own
            }
        };
        self.ask_backend(account, Endpoint::Usage, client).await
    }

    /// The models that a login's backend serves to a client of this version, which says this of itself.
    ///
    /// # Errors
    ///
    /// Those of a question to the backend: `LoginFailed`, `UpstreamFailed`, `Locked`, `AccountNotFound`
    pub async fn models_of(
        self: &Arc<Self>,
        account: &AccountId,
        client_version: &str,
        client: &HeaderMap,
    ) -> Result<Answered, Error> {
        let answered = self.ask_backend(account, Endpoint::Models(client_version), client).await?.0;
        self.note_tiers(&answered.body);
        Ok(answered)
    }

    /// Asks the backend with a token that holds; one that is refused is renewed once. The answer comes with the
    /// credential that it was given to.
    pub(super) async fn ask_backend(
        self: &Arc<Self>,
        account: &AccountId,
        endpoint: Endpoint<'_>,
        headers: &HeaderMap,
    ) -> Result<(Answered, CredentialMark), Error> {
        let login = self.asked_with(account, endpoint)?.1;
        if self.ends_soon(&login) {
            let holds = login.access_token.is_some() && login.expires_at.is_none_or(|ends| ends > self.session.now());
            match self.refresh_now(account, login.access_token).await {
                // One that still holds will do.
                Err(error) if holds && error.kind == ErrorKind::UpstreamFailed => tracing::debug!("{error}"),
                done => done?,
            }
        }
        let began = self.session.now();
        let (base, login, mark) = self.asked_with(account, endpoint)?;
        let refused = login.access_token.clone();
        if let Some(answer) = self.answer_of(&base, login, endpoint, headers).await? {
            self.question_was_taken(account);
            return Ok((answer, mark));
        }
        let is_refused = || {
            Error::new(ErrorKind::LoginFailed, "its token was refused")
                .hint("log in again with `codex-account-manager login`")
        };
        if self.is_left_alone(account) {
            return Err(is_refused());
        }
        self.refresh_now(account, refused).await?;
        let (base, login, mark) = self.asked_with(account, endpoint)?;
        if let Some(answer) = self.answer_of(&base, login, endpoint, headers).await? {
            return Ok((answer, mark));
        }
        self.question_was_refused(account, began);
        Err(is_refused())
    }

    /// Who asks, where no client does.
    pub(super) fn says_of_itself(&self) -> HeaderMap {
        let client_version = self.session.config().client_version();
        chatgpt::headers(&HeaderMap::new(), chatgpt::Defaults { client_version, ..chatgpt::Defaults::default() })
    }

    /// Where a login's backend is, and what it is asked with.
    fn asked_with(
        &self,
        account: &AccountId,
        endpoint: Endpoint<'_>,
    ) -> Result<(BaseUrl, Login, CredentialMark), Error> {
        let view = self.accounts.view();
        let position = position(&view.state, account.as_str())?;
        let stored = &view.state.accounts[position];
        let base = match endpoint {
            // What says where the workspace has its place is not there.
            Endpoint::Accounts => Some(self.accounts.entrance(stored)),
            Endpoint::Responses | Endpoint::Beside(..) | Endpoint::Usage | Endpoint::Models(_) => {
                self.accounts.base_url(stored)
            }
        };
        let base = base.ok_or_else(|| {
            Error::new(ErrorKind::UpstreamFailed, "its base URL is refused")
                .hint("set a new one with `codex-account-manager edit ACCOUNT --base-url URL --key-stdin`")
        })?;
        if view.pool.members[position].needs_login {
            return Err(login_ended());
        }
        let target = self.accounts.target(&view, position).ok_or_else(|| {
            Error::new(ErrorKind::Locked, "its token cannot be opened")
                .hint("set `CAM_MASTER_KEY` or `CAM_MASTER_KEY_FILE` to the key that sealed it")
        })?;
        Ok((base, target.credential.login().cloned().ok_or_else(login_ended)?, target.mark))
    }

    /// What the backend answers; `None` when it refuses the token.
    async fn answer_of(
        &self,
        base: &BaseUrl,
        login: Login,
        endpoint: Endpoint<'_>,
        headers: &HeaderMap,
    ) -> Result<Option<Answered>, Error> {
        let asked = ask(&self.upstream, ISSUER_PATIENCE, base, endpoint, login, headers.clone()).await;
        asked.map_err(|error| if error.hint.is_none() { error.hint("try again later") } else { error })
    }
}
