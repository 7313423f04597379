//! The connections to upstreams, kept while the session lives: a turn after a long pause does not pay for TCP and TLS again.
//! HTTP/2 where an https upstream speaks it, one connection for all requests to an origin; HTTP/1.1 elsewhere, one for each
//! request at a time. A client of hyper-util would queue what is beyond the server's limit of streams, could not be asked
//! for a connection ahead of the request, and would go on with one that failed.

mod activity;
mod body;
mod http1;
mod http2;
mod idle;
mod origin;
mod unanswered;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use hyper::{Request, Response, Uri};
use tokio::runtime::Handle;

use super::connector::{ConnectError, Connector, Offer, Patience};
use super::{RequestBody, SendError};
use crate::background;
use crate::clock::Moment;
pub use body::ResponseBody;
use http1::Http1;
use http2::{Http2, Place};
use idle::{IDLE, ORIGINS_KEPT};
use origin::{Next, Opened, Opening, Origin};
use unanswered::Unsent;

/// How often a request goes on to another connection when one turns out to be closed before any of it was written.
const CONNECTIONS_TRIED: u32 = 4;

/// All connections; clones share them.
#[derive(Clone)]
pub struct Connections(Arc<Room>);

/// What clones share.
pub struct Room {
    connector: Connector,
    patience: Patience,
    /// Those used last come first.
    origins: Mutex<VecDeque<Arc<Origin>>>,
    is_tidying: AtomicBool,
}

/// A connection that a request can go out on now.
enum Ready {
    Http1(Http1),
    Http2(Arc<Place>),
}

impl Connections {
    /// None are open.
    pub fn new(connector: Connector, patience: Patience) -> Connections {
        Connections(Arc::new(Room {
            connector,
            patience,
            origins: Mutex::default(),
            is_tidying: AtomicBool::default(),
        }))
    }

    /// Sends a request and waits for the head of its answer, for as long as it takes. What needs HTTP/1.1, as a WebSocket
    /// handshake does, is offered nothing else.
    ///
    /// # Errors
    ///
    /// [`SendError`] when no answer came.
    pub async fn send(
        &self,
        mut request: Request<RequestBody>,
        offer: Offer,
    ) -> Result<Response<ResponseBody>, SendError> {
        let origin = self.origin_of(request.uri());
        let mut tried = 0;
        loop {
            let sent = match self.ready(&origin, request.uri(), offer).await? {
                Ready::Http1(connection) => sent_in_http1(connection, &origin, request).await,
                Ready::Http2(place) => {
                    let sent = place.send(request).await;
                    sent.map(|answered| answered.map(|answer| ResponseBody::on_http2(answer, place)))
                }
            };
            match sent {
                Ok(answer) => return answer,
                Err(Unsent { why, request: unsent }) => {
                    tried += 1;
                    if tried == CONNECTIONS_TRIED {
                        return Err(SendError::NotProcessed(why));
                    }
                    request = *unsent;
                }
            }
        }
    }

    /// Opens a connection to the host of `target` unless one is there, so that a request will not wait for it. Nothing is
    /// sent. An origin without TLS is on this machine, where there is nothing to wait for.
    pub fn open_ahead(&self, target: &Uri) {
        let origin = self.origin_of(target);
        if origin.is_https
            && let Some(opening) = origin.missing()
        {
            self.begin(&origin, target, opening);
        }
    }

    /// Asks a question on a connection of its own: what is sent on one that its other end has just closed is lost.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] when there is no connection; [`SendError`] when there is one and no answer came.
    pub async fn ask(
        connector: Connector,
        question: Request<RequestBody>,
    ) -> Result<Result<Response<ResponseBody>, SendError>, ConnectError> {
        let origin = Arc::new(Origin::new(question.uri(), Weak::new()));
        let wire = connector.open(question.uri().clone(), Offer::Http1).await?;
        let asked = sent_in_http1(Http1::open(wire).await?, &origin, question).await;
        Ok(asked.unwrap_or_else(|unsent| Err(SendError::Broken(unsent.why))))
    }

    /// A connection for the next request to `origin`.
    async fn ready(&self, origin: &Arc<Origin>, target: &Uri, offer: Offer) -> Result<Ready, SendError> {
        loop {
            let mut opened = match origin.next(offer, Moment::now()) {
                Next::Http1(connection) => return Ok(Ready::Http1(connection)),
                Next::Http2(place) => return Ok(Ready::Http2(place)),
                Next::Own(offer) => match Box::pin(self.open(origin, target, offer)).await? {
                    Opened::Http1(connection) => return Ok(Ready::Http1(connection)),
                    Opened::Http2(connection) => {
                        origin.add(&connection);
                        continue;
                    }
                },
                Next::Wait(opened) => opened,
                Next::Begin(opening) => {
                    let opened = opening.subscribe();
                    self.begin(origin, target, opening);
                    opened
                }
            };
            match opened.wait_for(Option::is_some).await.as_deref() {
                Ok(Some(Err(error))) => return Err(error.clone().into()),
                Ok(_) => {}
                Err(_) => return Err(SendError::Connect("the session ends".to_owned())),
            }
        }
    }

    /// Opens a connection in a task of its own: whoever waits for it may leave, and others wait for the same one.
    fn begin(&self, origin: &Arc<Origin>, target: &Uri, opening: Arc<Opening>) {
        let (connections, origin, target) = (self.clone(), Arc::clone(origin), target.clone());
        background::spawn(async move {
            let opened = connections.open(&origin, &target, Offer::Http2).await;
            origin.opened(&opening, opened);
        });
    }

    async fn open(&self, origin: &Arc<Origin>, target: &Uri, offer: Offer) -> Result<Opened, ConnectError> {
        let wire = self.0.connector.clone().open(target.clone(), offer).await?;
        Ok(if wire.is_http2() {
            Opened::Http2(Http2::open(wire, origin.stream_limit(), self.0.patience).await?)
        } else {
            Opened::Http1(Http1::open(wire).await?)
        })
    }

    /// The origin of `target`, which is the one used last from now on.
    fn origin_of(&self, target: &Uri) -> Arc<Origin> {
        let mut origins = self.0.origins();
        match origins.iter().position(|origin| origin.is_of(target)) {
            Some(0) => {}
            Some(at) => {
                let origin = origins.remove(at);
                origins.extend(origin);
                origins.rotate_right(1);
            }
            None => origins.push_front(Arc::new(Origin::new(target, Arc::downgrade(&self.0)))),
        }
        if origins.len() > ORIGINS_KEPT {
            self.0.tidy_later();
        }
        Arc::clone(&origins[0])
    }
}

/// Sends a request on a connection of its own, which goes back to `origin` after the answer.
async fn sent_in_http1(
    connection: Http1,
    origin: &Arc<Origin>,
    request: Request<RequestBody>,
) -> Result<Result<Response<ResponseBody>, SendError>, Unsent> {
    let sent = connection.send(&origin.host, request).await;
    if !matches!(sent, Ok(Ok(_))) {
        // Those that were idle as long are no better.
        origin.drop_idle();
    }
    sent.map(|answered| answered.map(|(answer, connection)| ResponseBody::on_http1(answer, connection, origin)))
}

impl Room {
    fn origins(&self) -> MutexGuard<'_, VecDeque<Arc<Origin>>> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes what is idle and not kept, when its time is over, until there is none.
    pub fn tidy_later(self: &Arc<Room>) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.is_tidying.swap(true, Ordering::Relaxed) {
            return;
        }
        let room = Arc::downgrade(self);
        background::spawn_on(&runtime, async move {
            loop {
                tokio::time::sleep(IDLE).await;
                let Some(room) = room.upgrade() else { return };
                if !room.tidy(&Moment::now()) {
                    return room.is_tidying.store(false, Ordering::Relaxed);
                }
            }
        });
    }

    /// Whether any is left that is not kept.
    pub fn tidy(&self, now: &Moment) -> bool {
        let mut origins = self.origins();
        let mut has_surplus = false;
        for (at, origin) in origins.iter().enumerate() {
            has_surplus |= origin.tidy(at < ORIGINS_KEPT, now);
        }
        let mut at = 0;
        origins.retain(|origin| {
            at += 1;
            at <= ORIGINS_KEPT || !origin.is_empty()
        });
        has_surplus
    }
}

#[cfg(test)]
mod tests;
