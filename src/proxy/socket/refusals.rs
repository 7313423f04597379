//! Why a turn is not served, in a socket's own words: what it continues lives in one connection.

use hyper::{Response, StatusCode};

use crate::domain::pool::Pool;
use crate::manager::router::{Bound, RouteRequest};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::errors::{account_name, error_of};

/// The connection that made the response `id` is gone. Clients that know sockets send the whole conversation then.
pub fn lost(id: &str) -> Response<ProxyBody> {
    let message = format!(
        "Previous response with id '{id}' not found: the connection that made it has ended. Send the whole conversation \
         without `previous_response_id`."
    );
    error_of(StatusCode::BAD_REQUEST, Some("previous_response_id"), "previous_response_not_found", &message)
}

/// The account of this connection cannot serve, and another one could serve the whole conversation. A 503, also where a
/// limit is why: asking again helps at once, and clients give up on 429.
pub fn elsewhere(bound: &Bound, pool: &Pool, request: &RouteRequest) -> Response<ProxyBody> {
    let (resource, account) = (&bound.resource, account_name(&bound.account, pool, request));
    let message = format!(
        "`{resource}` belongs to {account}, which cannot serve now, and another account can. Send the \
         whole conversation without `previous_response_id`."
    );
    let (status, param) = (StatusCode::SERVICE_UNAVAILABLE, Some("previous_response_id"));
    error_of(status, param, "resource_owner_unavailable", &message)
}
