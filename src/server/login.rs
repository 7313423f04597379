//! `accounts/login` and `accounts/cancelLogin`

use std::sync::Arc;

use super::Session;
use super::methods::Methods;
use crate::error::Error;
use crate::manager::tokens::login::{LoginBegun, LoginMethod, LoginRequest};
use crate::protocol::login::{
    self, AccountsCancelLoginParams, AccountsCancelLoginResult, AccountsLoginParams, AccountsLoginResult,
};
use crate::protocol::{AccountsCancelLogin, AccountsLogin};

/// The methods of this file.
pub fn register(methods: Methods) -> Methods {
    methods.on::<AccountsLogin, _>(login).on::<AccountsCancelLogin, _>(cancel)
}

/// Begins a login. The page is opened by a client that can, or by the person.
pub async fn login(session: Arc<Session>, params: AccountsLoginParams) -> Result<AccountsLoginResult, Error> {
    let method = match params.method {
        login::LoginMethod::Browser => LoginMethod::Browser,
        login::LoginMethod::Device => LoginMethod::Device,
    };
    let request = LoginRequest { method, label: params.label, fresh: params.fresh.unwrap_or(false) };
    let LoginBegun { id, url, user_code, expires_at } = session.manager.tokens().begin_login(request).await?;
    Ok(AccountsLoginResult { login_id: id, url, user_code, expires_at: expires_at.as_millis() })
}

/// Gives up a login.
pub async fn cancel(
    session: Arc<Session>,
    params: AccountsCancelLoginParams,
) -> Result<AccountsCancelLoginResult, Error> {
    session.manager.tokens().cancel_login(&params.login_id).await?;
    Ok(AccountsCancelLoginResult {})
}
