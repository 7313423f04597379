//! Answers one request of a connection: admits it, and hands it to what serves its target.

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde_json::json;

use crate::clock;
use crate::proxy::admit::connections::Presence;
use crate::proxy::admit::gate::Admitted;
use crate::proxy::admit::head_guard::Heads;
use crate::proxy::admit::pressure::Pressure;
use crate::proxy::admit::target::{Target, is_websocket};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::{errors, ours};
use crate::proxy::request::forward;
use crate::proxy::state::ProxyState;
use crate::proxy::websocket::Upgrades;
use crate::proxy::{plan_usage, socket, tunnel};

/// What belongs to one connection, whatever is asked on it.
#[derive(Clone)]
pub struct Connection {
    /// What its heads have shown.
    pub heads: Heads,
    /// What it is doing.
    pub presence: Presence,
    /// What holds it back.
    pub pressure: Pressure,
    /// What it becomes after a handshake.
    pub upgrades: Upgrades,
}

/// Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers one request.
pub async fn answer(proxy: &ProxyState, request: Request<Incoming>, connection: &Connection) -> Response<ProxyBody> {
    let (head, body) = request.into_parts();
    // Whoever has not shown the key keeps no connection.
    let mut is_last = false;
    let config = proxy.manager.session().config();
    let admitted = proxy.gate.admit(&head, &config.proxy_keys);
    if admitted.as_ref().is_ok_and(|admitted| admitted.target != Target::Health) {
        connection.presence.show_key();
    }
    let (target, key) = match admitted {
        Ok(Admitted { target, key }) => (Ok(target), key),
        Err(rejection) => (Err(rejection), None),
    };
    let mut response = match target {
        Ok(Target::Health) => {
            is_last = true;
            health(proxy)
        }
        Ok(Target::Metrics) if key.is_some() => errors::metrics_refused_to_client(),
        Ok(Target::Metrics) => metrics(proxy).await,
        Ok(Target::Rpc) => {
            let becomes_socket = is_websocket(&head);
            let mut request = Request::from_parts(head, body);
            if becomes_socket {
                request.extensions_mut().insert(connection.pressure.engage());
            }
            (proxy.rpc)(request).await.map(ProxyBody::full)
        }
        Ok(Target::PlanUsage) => Box::pin(plan_usage::answer(proxy, &head, key.as_deref())).await,
        Ok(Target::Upgrade) => errors::upgrade_required(None),
        Ok(Target::Socket(path_and_query)) => {
            let request = Request::from_parts(head, body);
            Box::pin(socket::open(proxy, request, (path_and_query, key), &connection.upgrades)).await
        }
        Ok(Target::Tunnel(path_and_query)) => {
            let request = Request::from_parts(head, body);
            Box::pin(tunnel::open(proxy, request, (path_and_query, key), &connection.upgrades)).await
        }
        Ok(Target::Forward(path_and_query)) => forward(proxy, head, body, (path_and_query, key)).await,
        Err(rejection) => {
            is_last = true;
            errors::rejected(rejection)
        }
    };
    // An upgrade says itself how the connection goes on.
    if (is_last || connection.heads.is_last_seen()) && !response.headers().contains_key(CONNECTION) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Labels of accounts and sums of money are for the owner's eyes, and the well-known key is everybody's.
async fn metrics(proxy: &ProxyState) -> Response<ProxyBody> {
    if proxy.gate.is_well_known() {
        return errors::metrics_refused();
    }
    match proxy.manager.metrics().await {
        Ok(text) => ours::text(StatusCode::OK, METRICS_TYPE, text),
        Err(why) => errors::metrics_failed(&why),
    }
}

fn health(proxy: &ProxyState) -> Response<ProxyBody> {
    let uptime = clock::instant().duration_since(proxy.started).as_secs();
    let body = json!({"status": "ok", "version": env!("CARGO_PKG_VERSION"), "uptimeSeconds": uptime});
    ours::json(StatusCode::OK, &body)
}
