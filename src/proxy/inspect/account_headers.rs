//! What the head of an answer says of its account: the turn state that it gave, and how much of its quota is used.

use hyper::header::{HeaderMap, HeaderName};

use crate::domain::time::Timestamp;
use crate::manager::Manager;
use crate::manager::router::turn_state::TURN_STATE;
use crate::manager::router::{Route, RouteRequest, Written};

/// Takes note of a turn state that the account gave.
pub fn note_turn_state(manager: &Manager, route: &Route, headers: &HeaderMap) {
    if let Some(state) = headers.get(const { HeaderName::from_static(TURN_STATE) }) {
        manager.router().note_turn_state(state.as_bytes(), &route.account);
    }
}

/// Takes note of what a login's answer, asked for at `asked_at`, reports of its quota. Nothing of a key's.
pub fn note_quota(
    manager: &Manager,
    (route, request): (&Route, &RouteRequest),
    headers: &HeaderMap,
    asked_at: Timestamp,
) -> Option<Written> {
    route.target.credential.login()?;
    let header = |name: &str| headers.get(name)?.to_str().ok();
    manager.note_quota_headers(route, request, headers.keys().map(HeaderName::as_str), &header, asked_at)
}
