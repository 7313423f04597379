//! Which accounts sockets may be opened with.

use crate::domain::account::Kind;
use crate::manager::Manager;
use crate::manager::accounts::pool;
use crate::manager::router::{Route, RouteRequest};

impl Manager {
    /// Whether a socket may be opened with the account that was chosen. Not with a ChatGPT login, which is spoken to in
    /// other words; not with a spending limit, which has to be charged between two answers that a tunnel cannot hold
    /// apart; not for some models alone, while the socket does not say which it will ask for; and not as a probe, which
    /// is over with one answer.
    pub fn may_tunnel(&self, route: &Route, request: &RouteRequest) -> bool {
        let view = self.view();
        let Some(account) = view.state.account(route.account.as_str()) else { return false };
        let serves_any_model = account.models.as_ref().is_none_or(Vec::is_empty);
        pool::kind(account) == Kind::ApiKey
            && !pool::has_limit(account)
            && (serves_any_model || request.model.is_some())
            && !route.is_probe()
    }
}
