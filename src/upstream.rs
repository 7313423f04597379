//! The one client towards upstreams. It never retries by itself and never follows a redirect: what an attempt
//! proved is for the caller to judge.

pub mod chatgpt;
mod connector;
pub mod credential;
mod framing;
pub mod network;
pub mod openai;
mod single_request;

use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::env::Environment;
use crate::error::deepest;
pub use connector::ConnectError;
use connector::{Connector, Patience};
pub use network::Network;
pub use single_request::{USER_AGENT, Unanswered};

/// The body of a request to an upstream.
pub type RequestBody = UnsyncBoxBody<Bytes, BodyError>;

/// Why a request's body ended early; the client's fault or leaving, never the upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The client went away.
    #[error("the client went away before its request was whole")]
    ClientLeft,
    /// It was longer than the limit.
    #[error("the request body is longer than the limit")]
    TooLong,
    /// Another attempt sends it now.
    #[error("another attempt sends the body now")]
    Superseded,
}

/// An idle connection is closed after this time, so that a quiet sidecar is a small one.
const IDLE: Duration = Duration::from_secs(30);

/// How much of an answer is read before it is passed on, in bytes.
const READ_AT_ONCE: usize = 128 * 1024;

/// Enough for every stream of a busy agent to find its connection again; each takes some 30 KB.
const IDLE_PER_HOST: usize = 64;

/// No answer came.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No connection could be made: nothing was sent.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The connection broke before the first byte of the answer.
    #[error("the connection broke before an answer: {0}")]
    Broken(String),
    /// The answer was none that could be used.
    #[error("{0}")]
    Unusable(String),
    /// The request's own body failed.
    #[error("{0}")]
    Body(BodyError),
}

/// The clients, with their pools of connections, in one network.
#[derive(Clone)]
pub struct Upstream {
    client: Client<Connector, RequestBody>,
    connector: Connector,
    network: Network,
}

impl Upstream {
    /// The clients; certificates are read at the first https request. Proxies are used towards providers and never for
    /// loopback.
    pub fn new(environment: &Environment) -> Upstream {
        let network = Network::new(environment);
        let connector = Connector::new(network.clone(), Patience::default());
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .http1_max_buf_size(READ_AT_ONCE)
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .retry_canceled_requests(false)
            .set_host(true)
            .build(connector.clone());
        Upstream { client, connector, network }
    }

    /// The network that everything is sent in.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Sends one attempt and waits for the head of its answer, for as long as it takes.
    ///
    /// # Errors
    ///
    /// [`SendError`] when no answer came.
    pub async fn send(&self, request: Request<RequestBody>) -> Result<Response<Incoming>, SendError> {
        let response = self.client.request(request).await.map_err(|error| {
            let words = deepest(&error);
            match cause::<BodyError>(&error) {
                Some(body) => SendError::Body(*body),
                None if error.is_connect() => SendError::Connect(cause(&error).map_or(words, spelled)),
                None => SendError::Broken(words),
            }
        })?;
        match framing::problem(response.headers()) {
            None => Ok(response),
            Some(why) => Err(SendError::Unusable(why)),
        }
    }
}

/// TLS by the bundled certificates alone, for a client that has no use for more.
pub fn bundled_tls() -> rustls::ClientConfig {
    network::trust::client_config(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect())
}

/// Why there is no connection, with what to do.
fn spelled(error: &ConnectError) -> String {
    match &error.hint {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    }
}

/// The cause of `error`, however deep, that is an `E`.
fn cause<'e, E: std::error::Error + 'static>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e E> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
}
