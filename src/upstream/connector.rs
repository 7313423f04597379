//! Connections: plain to this machine, TLS to providers, by a proxy where one is set. Every client of this process is made
//! from this one, so that a request, a refresh, a login and `doctor` meet the same network.

mod failure;
mod socks;
mod tunnel;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use super::network::{Network, Proxy, Scheme, Way};
pub use failure::ConnectError;
use socks::{SocksError, socks};
use tunnel::{Refusal, tunnel};
use wire::Hop;
pub use wire::Wire;

/// How long a connection is waited for, and one that has gone silent.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the connection, a proxy's `CONNECT` and TLS together. What is not there by then will not come.
    pub connect: Duration,
    /// A connection on which nothing came for this long is asked whether its other end is still there.
    pub silence: Duration,
    /// How often it is asked again.
    pub probe: Duration,
    /// It is broken when the other end has said nothing for this long: neither to that nor to what was sent.
    pub vanished: Duration,
    /// The same question in HTTP/2, which goes past a proxy on the way: it is asked after this long,
    pub ping: Duration,
    /// and is to be answered within this time. It waits behind what is being sent.
    pub pong: Duration,
}

impl Default for Patience {
    /// An upstream that vanished without a word is noticed within 90 s, whether it owes an answer or has yet to take in
    /// what was sent.
    fn default() -> Patience {
        Patience {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            probe: Duration::from_secs(15),
            vanished: Duration::from_secs(75),
            ping: Duration::from_secs(20),
            pong: Duration::from_secs(45),
        }
    }
}

impl Patience {
    /// A connection of HTTP/2 that has been silent for so long has left a question unanswered for a while.
    pub fn suspicious(self) -> Duration {
        self.ping + self.ping / 2
    }

    /// How many questions go unanswered before the other end has vanished.
    fn probes(self) -> u32 {
        let asking = self.vanished.saturating_sub(self.silence).as_millis();
        u32::try_from(asking / self.probe.as_millis().max(1)).unwrap_or(u32::MAX).max(1)
    }
}

/// What a connection offers to speak, where there is TLS to offer it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// HTTP/1.1 alone.
    Http1,
    /// HTTP/2, or HTTP/1.1 where the other end does not speak it.
    Http2,
}

/// Makes connections for the clients.
#[derive(Clone)]
pub struct Connector {
    plain: HttpConnector,
    network: Network,
    connect: Duration,
}

impl Connector {
    /// A connector in `network`; nothing is opened.
    pub fn new(network: Network, patience: Patience) -> Connector {
        let mut plain = HttpConnector::new();
        plain.set_nodelay(true);
        plain.enforce_http(false);
        // Of several addresses each has its part of the time; all of it ends in `open`, in words of its own.
        plain.set_connect_timeout(Some(patience.connect + patience.connect / 10));
        plain.set_keepalive(Some(patience.silence));
        plain.set_keepalive_interval(Some(patience.probe));
        plain.set_keepalive_retries(Some(patience.probes()));
        #[cfg(target_os = "linux")]
        plain.set_tcp_user_timeout(Some(patience.vanished));
        Connector { plain, network, connect: patience.connect }
    }

    /// The same for a question that is waited for no longer than `patience`: where that ends in the making of a connection,
    /// the failure still says with whom.
    pub fn within(&self, patience: Duration) -> Connector {
        Connector { connect: self.connect.min(patience / 10 * 9), ..self.clone() }
    }

    /// A connection to the host of `target`; over TLS `offer` is what it may speak.
    pub async fn open(self, target: Uri, offer: Offer) -> Result<Wire, ConnectError> {
        let reached = Reached::default();
        if target.scheme_str() != Some("https") {
            let connecting = tokio::time::timeout(self.connect, direct(self.plain, target)).await;
            return connecting.unwrap_or_else(|_| Err(reached.late(None, self.connect))).map(Wire::Plain);
        }
        // Their reading has a limit of its own.
        let loaded = self.network.roots().loaded().await;
        let connect = self.connect;
        let authority = Authority::of(&target);
        let network = self.network;
        let proxy = match network.way(&authority.host, authority.port) {
            Way::Direct => None,
            Way::Through(proxy) => Some(proxy),
            Way::Blocked(why) => return Err(ConnectError::blocked(why)),
        };
        let connecting = async {
            let hop = match proxy {
                None => Hop::Plain(direct(self.plain, target.clone()).await?),
                Some(proxy) => by_proxy(self.plain, proxy, &authority, &loaded.tls, &reached).await?,
            };
            reached.note(Step::Tls);
            let host = authority.bare();
            let tls = match offer {
                Offer::Http1 => &loaded.tls_http1,
                Offer::Http2 => &loaded.tls_http2,
            };
            let secured = secured(Arc::clone(tls), host, hop).await.map_err(|error| ConnectError::tls(host, &error))?;
            Ok(Wire::Encrypted(Box::new(secured)))
        };
        let connected = tokio::time::timeout(connect, connecting).await;
        connected.unwrap_or_else(|_| Err(reached.late(proxy, connect)))
    }
}

/// A plain connection to the host of `target`.
async fn direct(mut plain: HttpConnector, target: Uri) -> Result<TcpStream, ConnectError> {
    plain.call(target).await.map(TokioIo::into_inner).map_err(|error| ConnectError::direct(&error))
}

/// A way to `authority` through `proxy`.
async fn by_proxy(
    mut plain: HttpConnector,
    proxy: &Proxy,
    authority: &Authority,
    tls: &Arc<ClientConfig>,
    reached: &Reached,
) -> Result<Hop, ConnectError> {
    let address: Uri = format!("http://{}:{}", proxy.host, proxy.port)
        .parse()
        .map_err(|error: hyper::http::uri::InvalidUri| ConnectError::of_proxy(proxy, &error))?;
    let stream = plain.call(address).await.map_err(|error| ConnectError::of_proxy(proxy, &error))?;
    let shown = authority.to_string();
    let refused = |refusal: Refusal| ConnectError::refused(proxy, &shown, &refusal);
    match proxy.scheme {
        Scheme::Http => {
            reached.note(Step::Proxy);
            tunnel(stream.into_inner(), proxy, &shown).await.map(Hop::Plain).map_err(refused)
        }
        Scheme::Https => {
            reached.note(Step::TlsOfProxy);
            let stream = secured(Arc::clone(tls), proxy.host.trim_matches(['[', ']']), stream.into_inner())
                .await
                .map_err(|error| ConnectError::tls_of_proxy(proxy, &error))?;
            reached.note(Step::Proxy);
            tunnel(stream, proxy, &shown).await.map(|stream| Hop::Encrypted(Box::new(stream))).map_err(refused)
        }
        Scheme::Socks5 | Scheme::Socks5h => {
            reached.note(Step::Proxy);
            let through = socks(stream.into_inner(), proxy, authority.bare(), authority.port).await;
            through.map(Hop::Plain).map_err(|error| match error {
                SocksError::Lookup(error) => ConnectError::lookup(authority.bare(), proxy, &error),
                SocksError::Refused(refusal) => refused(refusal),
            })
        }
    }
}

/// TLS with `host` over `stream`.
async fn secured<S: AsyncRead + AsyncWrite + Unpin>(
    tls: Arc<ClientConfig>,
    host: &str,
    stream: S,
) -> std::io::Result<TlsStream<S>> {
    let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
    TlsConnector::from(tls).connect(name, stream).await
}

/// Where a connection leads to in the end.
struct Authority {
    /// An IPv6 address has its brackets.
    host: String,
    port: u16,
}

impl Authority {
    fn of(target: &Uri) -> Authority {
        let port = target.port_u16().unwrap_or(443);
        Authority { host: target.host().unwrap_or_default().to_owned(), port }
    }

    /// The host without the brackets of an IPv6 address.
    fn bare(&self) -> &str {
        self.host.trim_matches(['[', ']'])
    }
}

impl std::fmt::Display for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

/// What a connection waits for once it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The proxy's part of a TLS handshake.
    TlsOfProxy = 1,
    /// The proxy's answer.
    Proxy = 2,
    /// The other end's part of the TLS handshake.
    Tls = 3,
}

/// How far a connection has come; 0 while it is not open.
#[derive(Default)]
struct Reached(AtomicU8);

impl Reached {
    fn note(&self, step: Step) {
        self.0.store(step as u8, Ordering::Relaxed);
    }

    fn late(&self, proxy: Option<&Proxy>, after: Duration) -> ConnectError {
        let proxy = proxy.map(failure::called);
        let waited_for = match (self.0.load(Ordering::Relaxed), proxy) {
            (0, None) => "no connection".to_owned(),
            (0, Some(proxy)) => format!("no connection to {proxy}"),
            (1, Some(proxy)) => format!("no answer to the TLS handshake from {proxy}"),
            (2, Some(proxy)) => format!("{proxy} did not answer"),
            _ => "no answer to the TLS handshake".to_owned(),
        };
        ConnectError::late(&waited_for, after)
    }
}

#[cfg(test)]
mod tests;
