//! Why a turn is not served, in a socket's own words: what it continues lives in one connection.

use hyper::{Response, StatusCode};
use serde_json::json;

use crate::domain::pool::Pool;
use crate::manager::router::Bound;
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::ours;

/// The connection that made the response `id` is gone. Clients that know sockets send the whole conversation then.
pub fn lost(id: &str) -> Response<ProxyBody> {
    let message = format!(
        "Previous response with id '{id}' not found: the connection that made it has ended. Send the whole conversation \
         without `previous_response_id`."
    );
    let error = json!({"message": message, "type": "invalid_request_error", "param": "previous_response_id",
        "code": "previous_response_not_found"});
    ours::json(StatusCode::BAD_REQUEST, &json!({ "error": error }))
}

/// The account of this connection cannot serve, and another one could serve the whole conversation. A 503, also where a
/// limit is why: asking again helps at once, and clients give up on 429.
pub fn elsewhere(bound: &Bound, pool: &Pool) -> Response<ProxyBody> {
    let Bound { resource, account, .. } = bound;
    let label = pool.position(account).map(|position| (position + 1, pool.members[position].label.as_str()));
    let (number, label) = label.unwrap_or_default();
    let message = format!(
        "`{resource}` belongs to account {number} ({label}), which cannot serve now, and another account can. Send the \
         whole conversation without `previous_response_id`."
    );
    let error = json!({"message": message, "type": "server_error", "param": "previous_response_id",
        "code": "resource_owner_unavailable"});
    ours::json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": error }))
}
