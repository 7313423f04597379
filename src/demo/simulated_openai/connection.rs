//! Accepts connections, reads each request whole, and sends the answer that its key is due.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::answer::Answer;
use super::body::{Ending, ReplyBody};
use super::record::{self, Outcome, Watch};
use super::reply::{Call, Content, Reply, failure_event};
use super::state::{State, owner};
use super::{errors, headers, routes};
use crate::clock::Clock;

/// Serves until `stopped` is told or dropped; every connection ends with it.
pub(super) async fn serve(listener: TcpListener, state: Arc<State>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    connections.spawn(connection(socket, Arc::clone(&state)));
                }
                // Out of file descriptors: some come back when connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(socket: TcpStream, state: Arc<State>) {
    // Without it a short stream takes 40 ms longer; where it cannot be set the socket is gone anyway.
    let _ = socket.set_nodelay(true);
    let open = Open::new(Arc::clone(&state));
    let clock = Clock::system();
    let service = service_fn(|request| answer(request, Arc::clone(&state), clock.clone()));
    // Clients that leave and cuts as scripted end it with an error; both are in the records.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
    drop(open);
}

async fn answer(request: Request<Incoming>, state: Arc<State>, clock: Clock) -> io::Result<Response<ReplyBody>> {
    let (parts, body) = request.into_parts();
    let key = bearer(&parts);
    let mut watch = Watch::new(state.record(|| record::entry(&parts, key)));
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    watch.body(&body);
    let text = state.text();
    let now = clock.now();
    let mut call = Call {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        body: &body,
        owner: key.map_or(0, owner),
        serial: state.next_serial(),
        created: now.as_millis() / 1000,
        text: &text,
    };
    let Some(key) = key else {
        return Ok(response(errors::no_key(), Ending::Clean, &call, &state, watch));
    };
    let Some(answer) = state.take_answer(key) else {
        return Ok(response(errors::invalid_key(key), Ending::Clean, &call, &state, watch));
    };
    let reply = match &answer {
        Answer::Normal
        | Answer::CutMidStream { .. }
        | Answer::HangMidStream { .. }
        | Answer::EndWithoutTerminalEvent
        | Answer::LongLine { .. }
        | Answer::FailInStream { .. } => routes::reply(&call, &parts.headers),
        Answer::Say(text) => {
            call.text = text;
            routes::reply(&call, &parts.headers)
        }
        Answer::Slow(wait) => {
            tokio::time::sleep(*wait).await;
            routes::reply(&call, &parts.headers)
        }
        Answer::HangBeforeAnswer => std::future::pending().await,
        Answer::CutBeforeAnswer => {
            watch.end(Outcome::Cut);
            return Err(io::Error::other("cut as scripted"));
        }
        Answer::RateLimit { retry_after, kind } => errors::rate_limit(&call, *retry_after, *kind, now),
        Answer::InsufficientQuota => errors::insufficient_quota(),
        Answer::InvalidKey => errors::invalid_key(key),
        Answer::Unauthorized { code } => errors::unauthorized(code.as_deref()),
        Answer::ModelNotFound => errors::model_not_found(&errors::model(&call)),
        Answer::ServerError(status) => errors::server_error(*status),
        Answer::Overloaded => errors::overloaded(),
        Answer::Status { status, code, error_type, message, headers } => {
            let reply = errors::error(*status, error_type, code.as_deref(), None, message);
            Reply { headers: headers.clone(), ..reply }
        }
        Answer::Raw { status, headers, body } => Reply {
            status: *status,
            headers: headers.clone(),
            content: Content::Whole(body.clone()),
            metered: false,
            bare: true,
        },
    };
    let (reply, ending) = spoiled(reply, &answer, &call);
    Ok(response(reply, ending, &call, &state, watch))
}

/// Works the faults of `answer` that lie inside the body into `reply`.
fn spoiled(mut reply: Reply, answer: &Answer, call: &Call) -> (Reply, Ending) {
    let mut ending = Ending::Clean;
    match (answer, &mut reply.content) {
        (Answer::CutMidStream { after_events }, content) => {
            ending = Ending::Cut;
            shorten(content, *after_events);
        }
        (Answer::HangMidStream { after_events }, content) => {
            ending = Ending::Hang;
            shorten(content, *after_events);
        }
        (Answer::EndWithoutTerminalEvent, Content::Events { events, terminal, .. }) => {
            events.truncate(events.len() - *terminal);
        }
        (Answer::LongLine { bytes }, Content::Events { events, .. }) => {
            events.splice(..0, long_line(*bytes));
        }
        (Answer::FailInStream { after_events, code, message }, Content::Events { events, dialect, .. }) => {
            events.truncate(*after_events);
            let failure = failure_event(call, *dialect, events.len(), code, message);
            events.push(failure);
        }
        (Answer::FailInStream { code, message, .. }, Content::Whole(_)) => {
            reply = errors::error(500, "server_error", Some(code), None, message);
        }
        _ => {}
    }
    (reply, ending)
}

/// A comment line in pieces that share their memory, so that its length costs next to nothing.
fn long_line(bytes: usize) -> Vec<Bytes> {
    static DASHES: [u8; 64 * 1024] = [b'-'; 64 * 1024];
    let (whole, rest) = (bytes / DASHES.len(), bytes % DASHES.len());
    let mut pieces = vec![Bytes::from_static(b":")];
    pieces.extend(std::iter::repeat_n(Bytes::from_static(&DASHES), whole));
    pieces.extend([Bytes::from_static(&DASHES[..rest]), Bytes::from_static(b"\n\n")]);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn shorten(content: &mut Content, after_events: usize) {
    if let Content::Events { events, .. } = content {
        events.truncate(after_events);
    }
}

fn response(reply: Reply, ending: Ending, call: &Call, state: &Arc<State>, mut watch: Watch) -> Response<ReplyBody> {
    let headers = headers::of(&reply, call);
    if call.method == Method::HEAD.as_str() {
        // The connection never asks for this body.
        watch.end(Outcome::Completed);
    }
    let body = match reply.content {
        Content::Whole(whole) => {
            let sent = if ending == Ending::Clean { whole.clone() } else { whole.slice(..whole.len() / 2) };
            ReplyBody::whole(sent, whole.len(), ending, watch)
        }
        Content::Events { events, .. } => ReplyBody::stream(events, ending, Arc::clone(state), watch),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(hyper::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim()).filter(|key| !key.is_empty())
}

/// Counts a connection while it is open.
struct Open(Arc<State>);

impl Open {
    fn new(state: Arc<State>) -> Open {
        state.accepted.fetch_add(1, Relaxed);
        state.connections.fetch_add(1, Relaxed);
        Open(state)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
    }
}
