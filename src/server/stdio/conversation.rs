//! Passes messages between the client and the language server as values: requests that are in flight, their answers,
//! and what the server sends of itself.
//!
//! The server's own loop reads bytes, parses each message a second time and ends for good at the first that it cannot
//! read. Its service takes values.

use std::future::{poll_fn, ready};
use std::time::Duration;

use futures_util::future::Either;
use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt, StreamExt};
use language_server::ClientSocket;
use language_server::jsonrpc::{Id, Request, Response};
use tower_service::Service;

use super::incoming::{Incoming, Messages};
use super::outbox::Outbox;

/// Requests that are answered at the same time. Further ones wait in the pipe.
const IN_FLIGHT: usize = 160;

/// How long answers may take once the client's end is closed.
pub const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// Serves until the client says `exit` or closes its end; answers that are nearly there still go out. `note` is given
/// the name of each request.
pub async fn converse<S>(
    mut service: S,
    socket: ClientSocket,
    mut messages: Messages,
    outbox: &Outbox,
    mut note: impl FnMut(&str),
) where
    S: Service<Request, Response = Option<Response>>,
{
    let (mut to_client, mut responses) = socket.split();
    let mut in_flight = FuturesUnordered::new();
    loop {
        // Reading goes on while the client does not: the end of the input must be seen.
        let has_room = outbox.has_room();
        tokio::select! {
            message = messages.next(), if in_flight.len() < IN_FLIGHT => match message {
                None => break,
                Some(Incoming::Refused(refusal)) if *refusal.id() == Id::Null => outbox.push_if_room(&refusal),
                Some(Incoming::Refused(refusal)) => in_flight.push(Either::Right(ready(Ok(Some(refusal))))),
                Some(Incoming::Response(response)) => if responses.send(response).await.is_err() { break },
                Some(Incoming::Request(request)) => {
                    if poll_fn(|context| service.poll_ready(context)).await.is_err() {
                        break;
                    }
                    note(request.method());
                    let is_exit = request.method() == "exit";
                    in_flight.push(Either::Left(service.call(request)));
                    if is_exit {
                        break;
                    }
                }
            },
            Some(answer) = in_flight.next(), if has_room => push(outbox, answer),
            Some(request) = to_client.next(), if has_room => outbox.push(&request),
            () = outbox.room(), if !has_room => {}
        }
    }
    let last_answers = async {
        while let Some(answer) = in_flight.next().await {
            outbox.room().await;
            push(outbox, answer);
        }
    };
    // Whoever takes longer is not waited for.
    let _ = tokio::time::timeout(LAST_ANSWERS, last_answers).await;
}

fn push<E>(outbox: &Outbox, answer: Result<Option<Response>, E>) {
    if let Ok(Some(response)) = answer {
        outbox.push(&response);
    }
}
