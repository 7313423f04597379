//! The second door: `/rpc` on the proxy's port, one request in a `POST` or many over a WebSocket. The proxy's gate
//! stands before it.

mod subscription;
mod timed;
mod without_keys;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response, StatusCode};
use jsonrpsee::server::{
    BatchRequestConfig, HttpResponse, PingConfig, RandomStringIdProvider, Server, ServerConfig, stop_channel,
};
use jsonrpsee::types::{ErrorObjectOwned, Params};
use jsonrpsee::{Methods as RpcMethods, RpcModule};
use serde_json::{Value, json};
use tower_service::Service;

use self::timed::Timed;
use self::without_keys::WithoutKeys;
use super::Session;
use super::error_object::internal;
use super::registry;
use crate::protocol::subscription::{SUBSCRIBE, UNSUBSCRIBE};
use crate::proxy::RpcDoor;

/// No method of the product needs a longer message.
const LONGEST_MESSAGE: u32 = 256 * 1024;

/// Second clients at a time.
const CONNECTIONS: u32 = 64;

/// Subscriptions of one of them.
const SUBSCRIPTIONS: u32 = 16;

/// Messages that wait for a client that does not read; beyond it the oldest notifications are missed.
const WAITING: u32 = 64;

/// How long the body of a `POST` may take; on a loopback connection it is there at once.
const BODY: Duration = Duration::from_secs(10);

/// How often a WebSocket's other end is asked whether it is there.
const PING: Duration = Duration::from_secs(30);

/// Characters of a subscription's id.
const ID_LENGTH: usize = 16;

/// Serves the methods of `session` to whoever the gate lets in. WebSockets end when the proxy is gone.
pub fn door(session: &Arc<Session>) -> RpcDoor {
    let config = ServerConfig::builder()
        .max_request_body_size(LONGEST_MESSAGE)
        .max_connections(CONNECTIONS)
        .max_subscriptions_per_connection(SUBSCRIPTIONS)
        .set_batch_request_config(BatchRequestConfig::Disabled)
        .set_message_buffer_capacity(WAITING)
        .set_id_provider(RandomStringIdProvider::new(ID_LENGTH))
        .enable_ws_ping(PingConfig::new().ping_interval(PING))
        .build();
    let builder = Server::builder().set_config(config).to_service_builder();
    let (stopped, stop) = stop_channel();
    let module = module(session);
    // A `POST` has no way to receive anything later.
    let (methods, with_subscriptions) = (module.clone(), with_subscriptions(module));
    let next_connection = AtomicU32::new(1);
    let keys = session.keys.clone();
    Box::new(move |request| {
        // Its drop is what stops the sockets.
        let _ = &stop;
        // A subscription is known by its connection's number.
        let number = next_connection.fetch_add(1, Ordering::Relaxed);
        // The gate lets no other GET in; a `POST` may offer an upgrade to HTTP/2, which is passed over.
        let wants_socket = request.method() == Method::GET;
        let served = if wants_socket { &with_subscriptions } else { &methods };
        let mut service = builder.clone().connection_id(number).build(served.clone(), stopped.clone());
        let (keys, had_keys) = (keys.clone(), Arc::new(AtomicBool::new(false)));
        let most = LONGEST_MESSAGE as usize;
        let request = request.map(|body| WithoutKeys::new(Timed::new(body, BODY), keys, most, Arc::clone(&had_keys)));
        Box::pin(async move {
            let mut response = match service.call(request).await {
                Ok(response) => whole(response, wants_socket).await,
                Err(error) => failed(&error.to_string()),
            };
            if had_keys.load(Ordering::Relaxed) {
                // The buffer that the key came through lives as long as its connection.
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            response
        })
    })
}

/// The methods as jsonrpsee calls them.
fn module(session: &Arc<Session>) -> RpcModule<Session> {
    let mut module = RpcModule::from_arc(Arc::clone(session));
    for (name, handler) in registry::all().0 {
        let registered = module.register_async_method(name, move |params, session, _| {
            let answer = handler(session, value(&params));
            async move { answer.await.map_err(ErrorObjectOwned::from) }
        });
        registered.expect("no name is registered twice: the declarations are distinct");
    }
    module
}

/// The same for a client that can receive notifications.
fn with_subscriptions(mut module: RpcModule<Session>) -> RpcMethods {
    let registered = module.register_subscription(SUBSCRIBE, SUBSCRIBE, UNSUBSCRIBE, |params, pending, session, _| {
        subscription::subscribe(value(&params), pending, session)
    });
    registered.expect("no name is registered twice: the declarations are distinct");
    module.into()
}

/// The params, which jsonrpsee passes on as text; `null` when there are none.
fn value(params: &Params<'_>) -> Value {
    params.as_str().and_then(|params| serde_json::from_str(params).ok()).unwrap_or_default()
}

/// The answer with its body, which is there already. A handshake that is refused must not look like success.
async fn whole(response: HttpResponse, wants_socket: bool) -> Response<Bytes> {
    let (mut head, body) = response.into_parts();
    if wants_socket && head.status == StatusCode::OK {
        head.status = StatusCode::BAD_REQUEST;
    }
    match body.collect().await {
        Ok(body) => Response::from_parts(head, body.to_bytes()),
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(why: &str) -> Response<Bytes> {
    let body = json!({"jsonrpc": "2.0", "id": null, "error": ErrorObjectOwned::from(internal(why))});
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
