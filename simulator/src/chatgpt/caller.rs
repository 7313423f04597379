//! Who sends a request of the backend, as its token and its headers say.

#[cfg(feature = "scripting")]
use hyper::header::{HeaderMap, UPGRADE};
use hyper::http::request::Parts;

use super::account::Account;
use super::backend::admit;
use super::state::ChatGpt;
use crate::reply::Reply;

/// An account that was let in, and what its client says of itself.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) account: Account,
    #[cfg(feature = "scripting")]
    /// Whether the request is the handshake of a socket, whose messages say more.
    pub(super) is_socket: bool,
    #[cfg(feature = "scripting")]
    headers: HeaderMap,
}

impl Caller {
    /// The caller of a request, or the refusal.
    pub(super) fn admitted(state: &ChatGpt, head: &Parts) -> Result<Caller, Reply> {
        let account = admit(state, head)?;
        Ok(Caller {
            account,
            #[cfg(feature = "scripting")]
            is_socket: head.headers.contains_key(UPGRADE),
            #[cfg(feature = "scripting")]
            headers: head.headers.clone(),
        })
    }

    #[cfg(feature = "scripting")]
    /// The header `name`, which is in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
