//! One session's `/rpc`, for as long as the session lives: connected again after pauses that grow, so that one that refuses
//! or stalls costs next to nothing and holds up nobody.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::call::Ask;
use super::wire::Incoming;
use crate::error::{Error, ErrorKind};
use crate::manager::session::alive::RpcAddress;
use crate::session_rpc::{CallError, Socket};
use crate::tui::fact::What;

/// The pauses between two tries.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A socket that lasted so long is followed again after the shortest pause.
const STEADY: Duration = Duration::from_secs(10);

/// What a link reports of its session.
#[derive(Debug, PartialEq)]
pub(super) enum LinkReport {
    /// Notifications arrive.
    Open,
    /// They do not, and why.
    Closed(String),
    /// Something happened to a request.
    News(String, What),
    /// Something may have happened that was not reported.
    Missed,
}

/// Follows `session` until it is aborted, or nobody listens any more.
pub(super) async fn follow(
    session: String,
    find: impl Fn() -> BoxFuture<'static, Option<RpcAddress>> + Send + Sync,
    reports: mpsc::Sender<(String, LinkReport)>,
    mut asked: mpsc::Receiver<Ask>,
) {
    let mut pause = SHORTEST_PAUSE;
    let mut was_open = false;
    let mut reported: Option<Error> = None;
    loop {
        let report = |report| reports.send((session.clone(), report));
        let opened = match find().await {
            Some(address) => open(&address, &mut asked).await,
            None => Err(Error::new(ErrorKind::UpstreamFailed, "it does not say where")),
        };
        let why = match opened {
            Ok(mut socket) => {
                let opened = Instant::now();
                if report(LinkReport::Open).await.is_err() || (was_open && report(LinkReport::Missed).await.is_err()) {
                    return;
                }
                was_open = true;
                reported = None;
                let Some(why) = serve(&session, &mut socket, &reports, &mut asked).await else { return };
                // One that breaks as soon as it opens is no better than one that refuses.
                if opened.elapsed() >= STEADY {
                    pause = SHORTEST_PAUSE;
                }
                why
            }
            Err(why) => why,
        };
        // One that goes on refusing is no news.
        if reported.as_ref() != Some(&why) {
            why.log_causes();
            if report(LinkReport::Closed(why.to_string())).await.is_err() {
                return;
            }
            reported = Some(why.clone());
        }
        if !rest(pause, &why, &mut asked).await {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Opens the socket; calls that come meanwhile wait for it.
async fn open(address: &RpcAddress, asked: &mut mpsc::Receiver<Ask>) -> Result<Socket, Error> {
    let opened = Socket::subscribed(address).await;
    if let Err(why) = &opened {
        while let Ok(ask) = asked.try_recv() {
            let _ = ask.answer.send(Err(CallError::Closed(why.clone())));
        }
    }
    opened
}

/// Passes on what comes, and calls. Why it is over; `None` when nobody listens any more.
async fn serve(
    session: &str,
    socket: &mut Socket,
    reports: &mpsc::Sender<(String, LinkReport)>,
    asked: &mut mpsc::Receiver<Ask>,
) -> Option<Error> {
    let mut calls: HashMap<u64, oneshot::Sender<Result<Value, CallError>>> = HashMap::new();
    let mut next: u64 = 1;
    let why = loop {
        tokio::select! {
            text = socket.next() => match text {
                Ok(text) => {
                    let report = match Incoming::of(&text) {
                        Incoming::Answer(id, result) => {
                            if let Some(answer) = calls.remove(&id) {
                                let _ = answer.send(result.map_err(CallError::Refused));
                            }
                            continue;
                        }
                        Incoming::News(request, what) => LinkReport::News(request, what),
                        Incoming::Missed => LinkReport::Missed,
                        Incoming::Other => continue,
                    };
                    reports.send((session.to_owned(), report)).await.ok()?;
                }
                Err(why) => break why,
            },
            ask = asked.recv() => {
                let Ask { method, params, answer } = ask?;
                // A request that was cancelled has left its place.
                calls.retain(|_, answer| !answer.is_closed());
                calls.insert(next, answer);
                if let Err(why) = socket.call(next, method, &params).await {
                    break why;
                }
                next += 1;
            }
        }
    };
    for answer in calls.into_values() {
        let _ = answer.send(Err(CallError::Closed(why.clone())));
    }
    Some(why)
}

/// Waits before the next try; calls that come meanwhile are answered at once. Whether there is to be a next one.
async fn rest(pause: Duration, why: &Error, asked: &mut mpsc::Receiver<Ask>) -> bool {
    let over = sleep(pause);
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => return true,
            ask = asked.recv() => match ask {
                Some(ask) => drop(ask.answer.send(Err(CallError::Closed(why.clone())))),
                None => return false,
            },
        }
    }
}
