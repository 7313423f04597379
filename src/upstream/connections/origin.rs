//! One origin: its connections, and which of them the next request goes out on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper::http::uri::Authority;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::Room;
use super::http1::Http1;
use super::http2::{Http2, MOST_STREAMS, Place};
use super::idle::Idle;
use crate::background;
use crate::clock::Moment;
use crate::upstream::connector::{ConnectError, Offer};

/// Until a server has said how many streams it allows at a time, it is taken to allow as many as it should at least
/// (RFC 9113, section 6.5.2).
const UNSAID_STREAMS: usize = 100;

/// A connection on its way: it will say that it is open, or why there is none.
pub type Opening = watch::Sender<Option<Result<(), ConnectError>>>;

/// A host and port, with TLS or without. Which proxy leads there is the same for as long as the process runs.
pub struct Origin {
    pub is_https: bool,
    authority: Authority,
    /// What the `Host` header says.
    pub host: HeaderValue,
    pub room: Weak<Room>,
    connections: Mutex<Of>,
}

/// The connections of an origin, and what is known of it.
#[derive(Default)]
struct Of {
    idle: Idle,
    shared: Vec<Arc<Http2>>,
    opening: Vec<Arc<Opening>>,
    /// What it spoke last.
    speaks: Option<Offer>,
    /// It said that HTTP/2 will not do.
    wants_http1: bool,
    stream_limit: Option<usize>,
}

/// A connection that was opened.
pub enum Opened {
    Http1(Http1),
    Http2(Arc<Http2>),
}

/// What the next request does.
pub enum Next {
    /// It goes out on this connection, which is its own.
    Http1(Http1),
    /// It goes out on this one, beside others.
    Http2(Arc<Place>),
    /// It opens one for itself.
    Own(Offer),
    /// It waits for one that is being opened.
    Wait(watch::Receiver<Option<Result<(), ConnectError>>>),
    /// It has this one opened and waits for it.
    Begin(Arc<Opening>),
}

impl Origin {
    pub fn new(target: &Uri, room: Weak<Room>) -> Origin {
        let is_https = is_https(target);
        let authority = target.authority().cloned().unwrap_or_else(|| Authority::from_static("localhost"));
        let usual = if is_https { 443 } else { 80 };
        let host = match authority.port_u16() {
            Some(port) if port != usual => format!("{}:{port}", authority.host()),
            Some(_) | None => authority.host().to_owned(),
        };
        let host = HeaderValue::try_from(host).unwrap_or_else(|_| HeaderValue::from_static(""));
        Origin { is_https, authority, host, room, connections: Mutex::default() }
    }

    pub fn is_of(&self, target: &Uri) -> bool {
        is_https(target) == self.is_https && target.authority() == Some(&self.authority)
    }

    fn connections(&self) -> MutexGuard<'_, Of> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the next request does that may speak what `offer` names.
    pub fn next(&self, offer: Offer, now: Moment) -> Next {
        let mut of = self.connections();
        let may_share = self.is_https && offer == Offer::Http2 && !of.wants_http1();
        if may_share && let Some(place) = of.place(&now) {
            return Next::Http2(place);
        }
        if let Some(connection) = of.idle.take(&now) {
            return Next::Http1(connection);
        }
        if !may_share {
            return Next::Own(Offer::Http1);
        }
        if of.speaks == Some(Offer::Http1) {
            // Each request needs its own, unless the origin has changed its mind.
            return Next::Own(Offer::Http2);
        }
        let room = of.stream_limit();
        match of.opening.iter().find(|opening| opening.receiver_count() < room) {
            Some(opening) => Next::Wait(opening.subscribe()),
            None => Next::Begin(of.begin()),
        }
    }

    /// A connection to be opened, if there is none and none on its way.
    pub fn missing(&self) -> Option<Arc<Opening>> {
        let mut of = self.connections();
        let is_there = !of.opening.is_empty() || of.has_any(&Moment::now());
        (!is_there).then(|| of.begin())
    }

    /// Whether a connection is open that can be used.
    #[cfg(test)]
    pub fn has_any(&self) -> bool {
        self.connections().has_any(&Moment::now())
    }

    /// The connection on its way is there, or will not be.
    pub fn opened(self: &Arc<Origin>, opening: &Arc<Opening>, opened: Result<Opened, ConnectError>) {
        let mut of = self.connections();
        of.opening.retain(|other| !Arc::ptr_eq(other, opening));
        let outcome = match opened {
            Ok(Opened::Http2(connection)) => {
                of.add(&connection);
                Ok(())
            }
            Ok(Opened::Http1(connection)) => {
                of.speaks = Some(Offer::Http1);
                of.idle.put(connection, Moment::now());
                Ok(())
            }
            Err(error) => Err(error),
        };
        let has_surplus = of.shared.len() > 1;
        drop(of);
        opening.send_replace(Some(outcome));
        if has_surplus {
            self.tidy_later();
        }
    }

    /// One more connection to share.
    pub fn add(&self, connection: &Arc<Http2>) {
        self.connections().add(connection);
        self.tidy_later();
    }

    fn tidy_later(&self) {
        if let Some(room) = self.room.upgrade() {
            room.tidy_later();
        }
    }

    /// How many streams a new connection may begin with.
    pub fn stream_limit(&self) -> usize {
        self.connections().stream_limit()
    }

    /// Keeps a connection for the next request when the answer on it is over and all of its request is written, unless it
    /// is closed by then.
    pub fn put_back(self: Arc<Origin>, connection: Http1) {
        if connection.is_ready() {
            self.keep(connection);
        } else if connection.is_open()
            && let Ok(runtime) = Handle::try_current()
        {
            background::spawn_on(&runtime, async move {
                if let Some(connection) = connection.ready().await {
                    self.keep(connection);
                }
            });
        }
    }

    fn keep(&self, connection: Http1) {
        let has_surplus = self.connections().idle.put(connection, Moment::now());
        if has_surplus {
            self.tidy_later();
        }
    }

    /// None of the idle connections is used any more: one of their age was closed.
    pub fn drop_idle(&self) {
        self.connections().idle.clear();
    }

    /// Closes what has been idle for long, but for those that are kept while the session lives. Whether any that is not
    /// kept is left.
    pub fn tidy(&self, is_kept: bool, now: &Moment) -> bool {
        let mut of = self.connections();
        of.shared.retain(|connection| connection.is_usable(now));
        let mut kept = usize::from(is_kept);
        of.shared.retain(|connection| {
            let is_kept = kept > 0;
            kept = kept.saturating_sub(1);
            is_kept || !connection.is_idle_for_long(now)
        });
        let has_surplus = of.idle.tidy(is_kept, now);
        has_surplus || of.shared.len() > usize::from(is_kept)
    }

    /// Whether nothing is known of it that is worth the room.
    pub fn is_empty(&self) -> bool {
        let of = self.connections();
        of.idle.is_empty() && of.shared.is_empty() && of.opening.is_empty()
    }
}

impl Of {
    /// Whether HTTP/2 will not do here.
    fn wants_http1(&mut self) -> bool {
        self.wants_http1 |= self.shared.iter().any(|connection| connection.wants_http1());
        self.wants_http1
    }

    /// A place on a connection that has room. Those that are not used any more are forgotten: what still goes on on them
    /// keeps them open.
    fn place(&mut self, now: &Moment) -> Option<Arc<Place>> {
        self.shared.retain(|connection| connection.is_usable(now));
        let limit = &mut self.stream_limit;
        self.shared.iter().find_map(|connection| Http2::place(connection, limit, now))
    }

    /// Whether a connection is open that can be used.
    fn has_any(&self, now: &Moment) -> bool {
        self.shared.iter().any(|connection| connection.is_usable(now)) || self.idle.has_any(now)
    }

    fn begin(&mut self) -> Arc<Opening> {
        let opening = Arc::new(Opening::new(None));
        self.opening.push(Arc::clone(&opening));
        opening
    }

    fn add(&mut self, connection: &Arc<Http2>) {
        self.speaks = Some(Offer::Http2);
        self.shared.push(Arc::clone(connection));
    }

    fn stream_limit(&self) -> usize {
        self.stream_limit.unwrap_or(UNSAID_STREAMS).clamp(1, MOST_STREAMS)
    }
}

fn is_https(target: &Uri) -> bool {
    target.scheme() == Some(&hyper::http::uri::Scheme::HTTPS)
}
