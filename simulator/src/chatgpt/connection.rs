//! Serves a connection: reads each request whole, finds its door, and sends what comes out of it.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue, UPGRADE};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::endpoints::Endpoint;
use super::reply::{Content, Reply};
use super::state::State;
use super::{authorize, device, endpoints, responses, socket, token, turn_state, wham};
use crate::body::{Ending, ReplyBody};
use crate::breakage::Cut;
use crate::record::{self, Outcome, Watch};
use crate::websocket::{Session, Slot};
use crate::words::mixed;

/// What a door lets out, and how that ends.
pub(super) type Sent = Result<(Reply, Ending), Cut>;

/// Serves `socket` until it is closed.
pub(super) async fn serve(socket: TcpStream, state: Arc<State>) {
    let slot = Slot::default();
    let service = service_fn(|request| answer(request, Arc::clone(&state), slot.clone()));
    // Clients that leave and cuts as scripted end it with an error; both are in the records.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).with_upgrades().await;
    slot.run().await;
}

async fn answer(mut request: Request<Incoming>, state: Arc<State>, slot: Slot) -> io::Result<Response<ReplyBody>> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (head, body) = request.into_parts();
    let mut watch = Watch::new(state.traffic.record(|| record::entry(&head)));
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    watch.body(&body);
    if head.uri.path() == "/backend-api/codex/responses" && head.headers.contains_key(UPGRADE) {
        return Ok(match socket::open(&state, &head) {
            Ok((handshake, socket)) => {
                let opened = turn_state::issued(socket.account(), Reply::whole(101, "", Bytes::new()));
                slot.put(Session::new(upgrade, Box::new(socket), Arc::clone(&state.traffic), watch));
                let mut response = response(opened, Ending::Clean, &state, Watch::new(None));
                handshake.accept(response.headers_mut());
                response
            }
            Err(refused) => response(refused, Ending::Clean, &state, watch),
        });
    }
    match door(&state, &head, &body).await {
        Ok((reply, ending)) => Ok(response(reply, ending, &state, watch)),
        Err(cut) => {
            watch.end(Outcome::Cut);
            Err(cut.into())
        }
    }
}

async fn door(state: &State, head: &Parts, body: &Bytes) -> Sent {
    let whole = |reply| Ok((reply, Ending::Clean));
    match (head.method.as_str(), head.uri.path()) {
        ("POST", "/oauth/token") => token::answer(state, head, body).await.and_then(whole),
        ("POST", "/oauth/revoke") => whole(token::revoke(state, head, body)),
        ("GET", "/oauth/authorize") => whole(authorize::answer(state, head)),
        ("POST", "/api/accounts/deviceauth/usercode") => whole(device::user_code(state, body)),
        ("POST", "/api/accounts/deviceauth/token") => whole(device::poll(state, body)),
        ("GET", "/codex/device") => whole(Reply::page(200, "Enter the code that the program shows.")),
        ("POST", "/backend-api/codex/responses") => responses::answer(state, head, body).await,
        ("GET", "/backend-api/wham/usage") => wham::usage(state, head).await,
        ("GET", "/backend-api/wham/accounts/check") => whole(wham::accounts(state, head)),
        ("GET", "/backend-api/codex/models") => whole(wham::models(state, head)),
        (
            _,
            "/oauth/token"
            | "/oauth/revoke"
            | "/oauth/authorize"
            | "/backend-api/codex/responses"
            | "/backend-api/wham/usage"
            | "/backend-api/wham/accounts/check"
            | "/backend-api/codex/models",
        ) => whole(Reply::detail(405, "Method Not Allowed")),
        (method, path) => match (Endpoint::at(path), method) {
            (Some(endpoint), "POST") => endpoints::answer(endpoint, state, head, body).await,
            (Some(_), _) => whole(Reply::detail(405, "Method Not Allowed")),
            (None, _) => whole(Reply::not_found()),
        },
    }
}

fn response(reply: Reply, ending: Ending, state: &State, watch: Watch) -> Response<ReplyBody> {
    let body = match reply.content {
        Content::Whole(whole) => ReplyBody::whole(whole, ending, watch),
        Content::Events(events) => ReplyBody::stream(events, ending, Arc::clone(&state.traffic), watch),
    };
    let mut response = body.with_status(reply.status);
    let headers = response.headers_mut();
    let serial = state.traffic.next_serial();
    let usual = [
        ("server".to_owned(), "cloudflare".to_owned()),
        ("cf-ray".to_owned(), format!("{:016x}-FRA", mixed(serial))),
        ("x-request-id".to_owned(), format!("req_{serial:016x}{:016x}", mixed(serial))),
    ];
    for (name, value) in usual.into_iter().chain(reply.headers) {
        // A name or value that HTTP cannot carry is a mistake of the script; the answer goes out without it.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    response
}
