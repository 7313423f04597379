//! Who sends a request of the backend, as its token and its headers say.

use hyper::header::{HeaderMap, UPGRADE};
use hyper::http::request::Parts;

use super::account::Account;
use super::refusals::unauthorized;
use super::state::ChatGpt;
use crate::connection::bearer;
use crate::reply::Reply;

/// An account that was let in, and what its client says of itself.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) account: Account,
    /// Whether the request is the handshake of a socket, whose messages say more.
    pub(super) is_socket: bool,
    headers: HeaderMap,
}

impl Caller {
    /// The caller of a request, or the refusal.
    pub(super) fn admitted(state: &ChatGpt, head: &Parts) -> Result<Caller, Reply> {
        let account = admit(state, head)?;
        Ok(Caller { account, is_socket: head.headers.contains_key(UPGRADE), headers: head.headers.clone() })
    }

    /// What the client calls its session, if it has a name for it.
    pub(super) fn session(&self) -> Option<&str> {
        self.header("session-id").or_else(|| self.header("session_id")).filter(|name| !name.is_empty())
    }

    /// The header `name`, which is in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The account whose token and whose id a request came with, or the refusal.
pub(super) fn admit(state: &ChatGpt, head: &Parts) -> Result<Account, Reply> {
    let token = bearer(head).ok_or_else(|| unauthorized(None))?;
    let issuer = state.issuer();
    let account = issuer.admit(token, state.common.now()).map_err(unauthorized)?;
    let login = issuer.login(account);
    let said = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    if said("chatgpt-account-id") != Some(login.account_id.as_str()) {
        return Err(Reply::detail(403, "Unauthorized"));
    }
    // A workspace with a place is served there alone, and one of the others nowhere special.
    let place = login.residency.as_deref().filter(|region| *region != "no_constraint");
    if said("x-openai-internal-codex-residency") != place {
        return Err(Reply::detail(401, "Workspace is not authorized in this region."));
    }
    if said("x-openai-fedramp") != login.is_fedramp.then_some("true") {
        return Err(Reply::detail(401, "Unauthorized"));
    }
    Ok(account)
}
