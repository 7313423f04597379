//! One connection, whichever face it sees: reads each request whole, and sends what the face answers.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
#[cfg(feature = "scripting")]
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response};
#[cfg(feature = "scripting")]
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
#[cfg(feature = "scripting")]
use tokio::net::TcpStream;

use crate::body::{Ending, ReplyBody};
use crate::common::Common;
use crate::record::Watch;
use crate::reply::{Content, Reply};
#[cfg(feature = "scripting")]
use crate::secure::Secure;
use crate::traffic::Traffic;
use crate::websocket::Slot;

/// What a server shows: its routes, and the rules of each.
pub trait Face: Send + Sync + Sized + 'static {
    /// The name of a thread that serves it.
    const NAME: &'static str;
    /// What every answer says at the start.
    const TEXT: &'static str;

    /// What it answers, in functions: those of a value that a program does not name are not linked into it.
    type Doors: Copy + Send + Sync;
    /// All that the real one has and a test can ask for.
    const ALL: Self::Doors;
    /// Responses over HTTP, and what it takes to sign in and to look at the usage.
    const BASIC: Self::Doors;

    /// One that knows nobody yet.
    fn new(common: Common, doors: Self::Doors) -> Self;

    /// What it has in common with the other one.
    fn common(&self) -> &Common;

    /// What a request is answered with; an error when the connection is to be closed in its place.
    fn answer(face: &Arc<Self>, head: &Parts, body: &Bytes) -> impl Future<Output = io::Result<Outgoing>> + Send;
}

/// What goes out.
pub enum Outgoing {
    /// A reply, and how it ends.
    Reply(Reply, Ending),
    /// The answer to a handshake that opens a socket, and what goes on in that.
    Socket(Reply, Box<Upgraded>),
}

/// What goes on in a connection that is upgraded.
pub(crate) type Upgraded = dyn FnOnce(OnUpgrade, Arc<Traffic>, Watch) -> Running<'static> + Send;

/// Something that runs until it is over, or `T` is there.
pub(crate) type Running<'r, T = ()> = Pin<Box<dyn Future<Output = T> + Send + 'r>>;

/// A reply and how it ends; an error when the connection is to be closed in its place.
pub(crate) type Sent = io::Result<(Reply, Ending)>;

impl From<Reply> for Outgoing {
    fn from(reply: Reply) -> Outgoing {
        Outgoing::Reply(reply, Ending::Clean)
    }
}

/// Serves `socket` until it is closed.
pub(crate) async fn serve_connection<F: Face>(
    socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    face: Arc<F>,
) {
    let slot = Slot::default();
    let service = service_fn(|request| answer(request, Arc::clone(&face), slot.clone()));
    // Clients that leave and cuts as scripted end it with an error; both are in the records.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).with_upgrades().await;
    slot.run().await;
}

/// The same behind TLS, in HTTP/2 where the client offers it.
#[cfg(feature = "scripting")]
pub(crate) async fn serve_secured<F: Face>(socket: TcpStream, face: Arc<F>, secure: Arc<Secure>) {
    let Ok((stream, is_http2)) = secure.accept(socket).await else { return };
    if !is_http2 {
        return serve_connection(stream, face).await;
    }
    // There is no handshake of a WebSocket here.
    let service = service_fn(|request| answer(request, Arc::clone(&face), Slot::default()));
    let _ = http2::Builder::new(TokioExecutor::new())
        .max_concurrent_streams(secure.streams())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer<F: Face>(request: Request<Incoming>, face: Arc<F>, slot: Slot) -> io::Result<Response<ReplyBody>> {
    let (head, body) = request.into_parts();
    let traffic = &face.common().traffic;
    let mut watch = Watch::begin(traffic, &head);
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    watch.body(&body);
    match F::answer(&face, &head, &body).await {
        Ok(Outgoing::Reply(reply, ending)) => {
            if head.method == Method::HEAD {
                // The connection never asks for this body.
                watch.completed();
            }
            Ok(response(reply, ending, traffic, watch))
        }
        Ok(Outgoing::Socket(reply, upgraded)) => {
            let upgrade = hyper::upgrade::on(Request::from_parts(head, ()));
            slot.put(upgraded(upgrade, Arc::clone(traffic), watch));
            Ok(response(reply, Ending::Clean, traffic, Watch::nothing()))
        }
        Err(cut) => {
            watch.cut();
            Err(cut)
        }
    }
}

fn response(reply: Reply, ending: Ending, traffic: &Arc<Traffic>, watch: Watch) -> Response<ReplyBody> {
    let body = match reply.content {
        Content::Whole(whole) => ReplyBody::whole(whole, ending, watch),
        Content::Events { events, .. } => ReplyBody::stream(events, ending, Arc::clone(traffic), watch),
    };
    let mut response = body.with_status(reply.status);
    for (name, value) in reply.headers {
        // A name or value that HTTP cannot carry is a mistake of the script; the answer goes out without it.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The bearer key that a request came with.
pub(crate) fn bearer(head: &Parts) -> Option<&str> {
    let (scheme, key) = head.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim()).filter(|key| !key.is_empty())
}
