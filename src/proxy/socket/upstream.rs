//! The upstream's side of a socket: one connection of one account, which knows the responses that were made in it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::domain::account::AccountId;
use crate::manager::router::{Bound, Route, RouteRequest, Target};
use crate::proxy::socket::client::config;

/// No message of an upstream is longer, in bytes: images are inside of it.
const LONGEST_MESSAGE: usize = 32 * 1024 * 1024;

/// What stands between forgets a connection on which nothing comes for a minute or more.
const PING: Duration = Duration::from_secs(30);

/// How long a connection may take to take the close.
const CLOSE_PATIENCE: Duration = Duration::from_millis(100);

/// So many responses are known; a socket lives for an hour.
const MOST_MADE: usize = 4_096;

/// The connection.
pub struct Upstream {
    socket: WebSocketStream<TokioIo<Upgraded>>,
    /// The account.
    pub account: AccountId,
    /// What it was opened with.
    target: Arc<Target>,
    ping: Interval,
    /// The responses that were made in it, and that it alone may know.
    made: HashSet<String>,
    /// It has answered before: that it is gone then says nothing of its account.
    pub has_served: bool,
    /// Whether it can be used.
    pub is_open: bool,
}

impl Upstream {
    /// The connection of the account of `route`.
    pub async fn new(upgraded: Upgraded, route: &Route) -> Upstream {
        let config = Some(config(LONGEST_MESSAGE));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, config).await;
        let mut ping = interval_at(Instant::now() + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Upstream {
            socket,
            account: route.account.clone(),
            target: Arc::clone(&route.target),
            ping,
            made: HashSet::new(),
            has_served: false,
            is_open: true,
        }
    }

    /// The next message; `None` at the end. Nothing is lost when it is given up.
    pub async fn next(&mut self) -> Option<Utf8Bytes> {
        loop {
            tokio::select! {
                message = self.socket.next() => match message {
                    Some(Ok(Message::Text(text))) => return Some(text),
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                },
                _ = self.ping.tick() => {
                    // One that is gone is found by the reading.
                    let _ = self.socket.send(Message::Ping(Bytes::new())).await;
                }
            }
        }
    }

    /// Sends a message. `false` when the connection is gone.
    pub async fn send(&mut self, text: Utf8Bytes) -> bool {
        self.socket.send(Message::Text(text)).await.is_ok()
    }

    /// Ends it.
    pub async fn leave(mut self) {
        let _ = tokio::time::timeout(CLOSE_PATIENCE, self.socket.close(None)).await;
    }

    /// Whether the response `id` was made here.
    pub fn has_made(&self, id: &str) -> bool {
        self.made.contains(id)
    }

    /// A response ended here, which may be continued by its id.
    pub fn served(&mut self, id: Option<&str>) {
        self.has_served = true;
        if self.made.len() >= MOST_MADE {
            self.made.clear();
        }
        self.made.extend(id.map(str::to_owned));
    }

    /// Binds a request that continues the response `id` to this connection's account, if it was made here.
    pub fn bind(&self, id: &str, request: &mut RouteRequest) {
        if !self.has_made(id) {
            return;
        }
        match &mut request.bound {
            Some(bound) if bound.account != self.account => {
                bound.torn = Some((id.to_owned(), self.account.clone()));
            }
            Some(_) => {}
            None => {
                let (resource, account) = (id.to_owned(), self.account.clone());
                request.bound = Some(Bound { resource, account, torn: None });
            }
        }
    }

    /// Whether it can be used for the account of `route`, which then says what it was opened with.
    ///
    /// A key that was changed is used at once; a login's token is a new one every hour, and what it opened stays open.
    pub fn is_for(&self, route: &mut Route) -> bool {
        let key = |target: &Target| target.credential.bearer().map(|key| key.expose().clone());
        let is_login = route.target.credential.login().is_some();
        let is_for = self.account == route.account && (is_login || key(&self.target) == key(&route.target));
        if is_for {
            // What it proves is of what it was opened with.
            route.target = Arc::clone(&self.target);
        }
        is_for
    }
}
