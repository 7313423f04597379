//! `accounts/login`

use std::sync::Arc;

use super::Session;
use crate::error::{Error, ErrorKind};
use crate::protocol::login::{
    AccountsCancelLoginParams, AccountsCancelLoginResult, AccountsLoginParams, AccountsLoginResult,
};

/// This version has no login to offer; what it has is said.
pub async fn login(_: Arc<Session>, _: AccountsLoginParams) -> Result<AccountsLoginResult, Error> {
    Err(Error::new(ErrorKind::LoginFailed, "this version cannot log in to ChatGPT")
        .hint("add an API key with `accounts/add` or `codex-account-manager add LABEL`"))
}

/// No login is ever under way.
pub async fn cancel(_: Arc<Session>, _: AccountsCancelLoginParams) -> Result<AccountsCancelLoginResult, Error> {
    Err(Error::new(ErrorKind::LoginFailed, "no login of that id is under way").hint("it may have ended already"))
}
