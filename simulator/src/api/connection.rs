//! Serves a connection: reads each request whole, and sends the answer that its key is due.

use std::io;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::answer::Answer;
use super::faults::{refusal, spoiled};
use super::reply::{Call, Content, Reply};
use super::state::{State, owner};
use super::websocket::Opening;
use super::{errors, headers, routes};
use crate::body::{Ending, ReplyBody};
use crate::clock::Clock;
use crate::record::{self, Outcome, Watch};
use crate::websocket::{Session, Slot};

/// Serves `socket` until it is closed.
pub(super) async fn serve(socket: TcpStream, state: Arc<State>) {
    let clock = Clock::system();
    let slot = Slot::default();
    let service = service_fn(|request| answer(request, Arc::clone(&state), clock, slot.clone()));
    // Clients that leave and cuts as scripted end it with an error; both are in the records.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).with_upgrades().await;
    slot.run().await;
}

async fn answer(
    mut request: Request<Incoming>,
    state: Arc<State>,
    clock: Clock,
    slot: Slot,
) -> io::Result<Response<ReplyBody>> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, body) = request.into_parts();
    let opening = Opening::of(&parts);
    let key = record::bearer(&parts);
    let mut watch = Watch::new(state.traffic.record(|| record::entry(&parts)));
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    watch.body(&body);
    let text = state.text();
    let now = clock.now();
    let mut call = Call {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        streams: parts.uri.query().is_some_and(|query| query.split('&').any(|part| part == "stream=true")),
        body: &body,
        owner: key.map_or(0, owner),
        serial: state.traffic.next_serial(),
        created: now.as_millis() / 1000,
        text: &text,
        tool: None,
    };
    let Some(key) = key else {
        return Ok(response(errors::no_key(), Ending::Clean, &call, &state, watch));
    };
    let Some(answer) = state.take_answer(key, call.method == "GET" && call.path == "/v1/models") else {
        return Ok(response(errors::invalid_key(key), Ending::Clean, &call, &state, watch));
    };
    let answer = match answer {
        Answer::Late(wait, answer) => {
            tokio::time::sleep(wait).await;
            *answer
        }
        answer => answer,
    };
    if let Some(opening) = opening.filter(|_| answer.lets_a_socket_open()) {
        if let Answer::Slow(wait) = answer {
            tokio::time::sleep(wait).await;
        }
        let response = opening.response(&call);
        let speaker = opening.speaker(key, answer, Arc::clone(&state), clock);
        slot.put(Session::new(upgrade, speaker, Arc::clone(&state.traffic), watch));
        return Ok(response);
    }
    match &answer {
        Answer::Say(text) => call.text = text,
        Answer::CallTool(tool) => call.tool = Some(tool),
        Answer::Slow(wait) => tokio::time::sleep(*wait).await,
        Answer::Broken(breakage) => {
            if let Err(cut) = breakage.before_answer().await {
                watch.end(Outcome::Cut);
                return Err(cut.into());
            }
        }
        _ => {}
    }
    let reply = refusal(&answer, &call, key, now).unwrap_or_else(|| routes::reply(&call, &parts.headers));
    let (reply, ending) = spoiled(reply, &answer, &call);
    Ok(response(reply, ending, &call, &state, watch))
}

fn response(reply: Reply, ending: Ending, call: &Call, state: &Arc<State>, mut watch: Watch) -> Response<ReplyBody> {
    let headers = headers::of(&reply, call);
    if call.method == Method::HEAD.as_str() {
        // The connection never asks for this body.
        watch.end(Outcome::Completed);
    }
    let body = match reply.content {
        Content::Whole(whole) => ReplyBody::whole(whole, ending, watch),
        Content::Events { events, .. } => ReplyBody::stream(events, ending, Arc::clone(&state.traffic), watch),
    };
    let mut response = body.with_status(reply.status);
    *response.headers_mut() = headers;
    response
}
