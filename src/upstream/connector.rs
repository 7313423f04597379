//! Connections: plain to this machine, TLS to providers, through `HTTPS_PROXY` where it is set.

use std::pin::Pin;
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

/// A connection that is not there by then will not come.
pub const CONNECT: Duration = Duration::from_secs(10);

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Makes connections for the client.
#[derive(Clone)]
pub struct Connector {
    plain: HttpConnector,
    proxies: Arc<Matcher>,
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Connector {
    /// Reads the proxy variables once; nothing is opened.
    pub fn new(environment: &Environment, connect_timeout: Duration) -> Connector {
        let mut plain = HttpConnector::new();
        plain.set_nodelay(true);
        plain.enforce_http(false);
        plain.set_connect_timeout(Some(connect_timeout));
        plain.set_keepalive(Some(Duration::from_secs(60)));
        let variable = |names: [&str; 2]| names.into_iter().find_map(|name| environment.get(name)).unwrap_or_default();
        let https = variable(["HTTPS_PROXY", "https_proxy"]);
        let proxies = Matcher::builder()
            .https(if https.is_empty() { variable(["ALL_PROXY", "all_proxy"]) } else { https })
            .no(variable(["NO_PROXY", "no_proxy"]))
            .build();
        Connector { plain, proxies: Arc::new(proxies), tls: Arc::default() }
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
        if target.scheme_str() != Some("https") {
            let connecting = self.plain.call(target);
            return Box::pin(async { Ok(MaybeHttpsStream::Http(connecting.await?)) });
        }
        let loopback = target.host().is_some_and(|host| is_loopback(host.trim_matches(['[', ']'])));
        match self.proxies.intercept(&target).filter(|_| !loopback) {
            None => Box::pin(self.https(self.plain.clone()).call(target)),
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), self.plain.clone());
                if let Some(credentials) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(credentials.clone());
                }
                Box::pin(self.https(tunnel).call(target))
            }
        }
    }
}

/// A client for single questions to the provider at `base`, with `patience` for each: never redirected, never asking
/// twice, and past every proxy where the provider is on this machine.
///
/// # Errors
///
/// The client cannot be made.
pub fn request_client(base: &BaseUrl, patience: Duration) -> reqwest::Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        // The system's roots are hundreds of files, which plain http has no use for.
        .tls_backend_preconfigured(if base.is_https() { client_config() } else { bundled() })
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT.min(patience))
        .timeout(patience)
        .pool_idle_timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never());
    if is_loopback(base.host()) { client.no_proxy().build() } else { client.build() }
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
