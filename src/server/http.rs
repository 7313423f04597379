//! The second door: `/rpc` on the proxy's port, one request in a `POST` or many over a WebSocket. The proxy's gate
//! stands before it.

mod keys_out;
mod timed;

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
use serde_json::json;
use tower_service::Service;

use self::keys_out::KeysOut;
use self::timed::Timed;
use super::boundary;
use super::methods::Registry;
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

/// Serves the methods of `registry` to whoever the gate lets in. WebSockets end when the proxy is gone.
pub fn door(registry: &Registry) -> RpcDoor {
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
    // A `POST` has no way to be told anything later.
    let (methods, with_subscriptions) = (registry.methods(), registry.methods_with_subscriptions());
    let next_connection = AtomicU32::new(1);
    let keys = registry.session().keys.clone();
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
        let request = request.map(|body| KeysOut::new(Timed::new(body, BODY), keys, most, Arc::clone(&had_keys)));
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
    let body = json!({"jsonrpc": "2.0", "id": null, "error": boundary::internal(why)});
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
