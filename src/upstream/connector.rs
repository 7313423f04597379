//! Connections: plain to this machine, TLS to providers, through `HTTPS_PROXY` where it is set.

use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tower_service::Service;

use crate::domain::base_url::{BaseUrl, is_loopback};
use crate::env::Environment;

/// Who we say we are to a ChatGPT backend and to the issuer.
pub const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

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
        }
    }
}

impl Patience {
    /// How many questions go unanswered before the other end has vanished.
    fn probes(self) -> u32 {
        let asking = self.vanished.saturating_sub(self.silence).as_millis();
        u32::try_from(asking / self.probe.as_millis().max(1)).unwrap_or(u32::MAX).max(1)
    }
}

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Makes connections for the client.
#[derive(Clone)]
pub struct Connector {
    plain: HttpConnector,
    proxies: Arc<Matcher>,
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
    connect: Duration,
}

impl Connector {
    /// Reads the proxy variables once; nothing is opened.
    pub fn new(environment: &Environment, patience: Patience) -> Connector {
        let mut plain = HttpConnector::new();
        plain.set_nodelay(true);
        plain.enforce_http(false);
        // Of several addresses each has its part of the time; all of it ends in `call`, in words of its own.
        plain.set_connect_timeout(Some(patience.connect + patience.connect / 10));
        plain.set_keepalive(Some(patience.silence));
        plain.set_keepalive_interval(Some(patience.probe));
        plain.set_keepalive_retries(Some(patience.probes()));
        #[cfg(target_os = "linux")]
        plain.set_tcp_user_timeout(Some(patience.vanished));
        let variable = |names: [&str; 2]| names.into_iter().find_map(|name| environment.get(name)).unwrap_or_default();
        let https = variable(["HTTPS_PROXY", "https_proxy"]);
        let proxies = Matcher::builder()
            .https(if https.is_empty() { variable(["ALL_PROXY", "all_proxy"]) } else { https })
            .no(variable(["NO_PROXY", "no_proxy"]))
            .build();
        Connector { plain, proxies: Arc::new(proxies), tls: Arc::default(), connect: patience.connect }
    }

    fn https<C>(&self, inner: C) -> HttpsConnector<C> {
        let config = self.tls.get_or_init(|| Arc::new(client_config()));
        HttpsConnectorBuilder::new()
            .with_tls_config((**config).clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(inner)
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Failure>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let reached = Reached::default();
        let plain = Noted { inner: self.plain.clone(), reached: reached.clone(), step: Step::Tls };
        let loopback = target.host().is_some_and(|host| is_loopback(host.trim_matches(['[', ']'])));
        let is_https = target.scheme_str() == Some("https");
        let connecting: Self::Future = match self.proxies.intercept(&target).filter(|_| is_https && !loopback) {
            None if is_https => Box::pin(self.https(plain).call(target)),
            None => {
                let connecting = self.plain.call(target);
                Box::pin(async { Ok(MaybeHttpsStream::Http(connecting.await?)) })
            }
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), Noted { step: Step::Connect, ..plain });
                if let Some(credentials) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(credentials.clone());
                }
                let tunnel = Noted { inner: tunnel, reached: reached.clone(), step: Step::Tls };
                Box::pin(self.https(tunnel).call(target))
            }
        };
        let connect = self.connect;
        Box::pin(async move {
            match tokio::time::timeout(connect, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(TooLate { step: reached.step(), after: connect }.into()),
            }
        })
    }
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The connection itself.
    Connection = 0,
    /// The proxy's answer to `CONNECT`.
    Connect = 1,
    /// The other end's part of the TLS handshake.
    Tls = 2,
}

/// How far a connection has come.
#[derive(Clone, Default)]
struct Reached(Arc<AtomicU8>);

impl Reached {
    fn note(&self, step: Step) {
        self.0.store(step as u8, Ordering::Relaxed);
    }

    fn step(&self) -> Step {
        match self.0.load(Ordering::Relaxed) {
            0 => Step::Connection,
            1 => Step::Connect,
            _ => Step::Tls,
        }
    }
}

/// A connection was not there in time.
#[derive(Debug, thiserror::Error)]
#[error("{} within {after:?}", match .step {
    Step::Connection => "no connection",
    Step::Connect => "the proxy of `HTTPS_PROXY` did not answer to CONNECT",
    Step::Tls => "no answer to the TLS handshake",
})]
struct TooLate {
    step: Step,
    after: Duration,
}

/// A connector that notes which step is next when it is done.
#[derive(Clone)]
struct Noted<C> {
    inner: C,
    reached: Reached,
    step: Step,
}

impl<C> Service<Uri> for Noted<C>
where
    C: Service<Uri>,
    C::Future: Send + 'static,
    C::Error: Into<Failure>,
{
    type Response = C::Response;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let (connecting, reached, step) = (self.inner.call(target), self.reached.clone(), self.step);
        Box::pin(async move {
            let connected = connecting.await.map_err(Into::into)?;
            reached.note(step);
            Ok(connected)
        })
    }
}

/// A client for single questions to the provider at `base`, with `patience` for each: never redirected, never asking
/// twice, and past every proxy where the provider is on this machine.
///
/// # Errors
///
/// The client cannot be made.
pub fn request_client(base: &BaseUrl, patience: Duration) -> reqwest::Result<reqwest::Client> {
    let waits = Patience::default();
    client_builder(base).connect_timeout(waits.connect.min(patience)).timeout(patience).build()
}

/// The same without a limit on the time of an answer, for one that is nowhere else once it was sent.
///
/// # Errors
///
/// The client cannot be made.
pub fn lasting_client(base: &BaseUrl) -> reqwest::Result<reqwest::Client> {
    client_builder(base).connect_timeout(Patience::default().connect).build()
}

/// How long connecting takes counts TLS and a proxy's `CONNECT` in.
fn client_builder(base: &BaseUrl) -> reqwest::ClientBuilder {
    let waits = Patience::default();
    let client = reqwest::Client::builder()
        // The system's roots are hundreds of files, which plain http has no use for.
        .tls_backend_preconfigured(if base.is_https() { client_config() } else { bundled() })
        .user_agent(USER_AGENT)
        .tcp_keepalive(waits.silence)
        .tcp_keepalive_interval(waits.probe)
        .tcp_keepalive_retries(waits.probes())
        .pool_idle_timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never());
    #[cfg(target_os = "linux")]
    let client = client.tcp_user_timeout(waits.vanished);
    if is_loopback(base.host()) { client.no_proxy() } else { client }
}

/// TLS with the system's roots, or with the bundled ones where the system has none.
pub fn client_config() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { bundled() } else { builder().with_root_certificates(roots).with_no_client_auth() }
}

fn bundled() -> ClientConfig {
    builder().with_webpki_roots().with_no_client_auth()
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows the default protocol versions")
}

#[cfg(test)]
mod tests;
