//! The turn state of a login's backend, which goes up only to the account that gave it.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::manager::Manager;
use crate::manager::router::Route;
use crate::manager::router::turn_state::TURN_STATE;

/// Adds the turn state that a client echoes to `headers` for the account of `route`, if that account gave it.
pub fn add(headers: &mut HeaderMap, echoed: Option<&HeaderValue>, manager: &Manager, route: &Route) {
    if let Some(state) = echoed.filter(|state| manager.router().gave_turn_state(state.as_bytes(), &route.account)) {
        headers.insert(const { HeaderName::from_static(TURN_STATE) }, state.clone());
    }
}
