//! The one client towards upstreams. It never retries by itself and never follows a redirect: what an attempt
//! proved is for the caller to judge.

pub mod chatgpt;
mod connections;
mod connector;
pub mod credential;
mod framing;
pub mod network;
pub mod openai;
mod single_request;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::{Request, Response, Uri};

use crate::env::Environment;
use connections::Connections;
pub use connections::ResponseBody;
pub use connector::ConnectError;
use connector::{Connector, Offer, Patience};
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

/// No answer came.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No connection could be made: nothing was sent.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The connection ended, and the request was not acted on: it was not written, or the upstream says so. It may be sent
    /// again at once; that it was not taken says nothing of the account.
    #[error("the connection ended before the request was taken: {0}")]
    NotProcessed(String),
    /// The connection was closed before the first byte of the answer, which says nothing of the account: it had been idle for
    /// long, and upstreams close such in time, or other requests were on it, one of which reports that. The request may have
    /// been acted on.
    #[error("the connection was closed before an answer: {0}")]
    Closed(String),
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

impl SendError {
    /// Why, for whoever says in words of its own that no answer came.
    fn why(&self) -> String {
        match self {
            SendError::Connect(why)
            | SendError::NotProcessed(why)
            | SendError::Closed(why)
            | SendError::Broken(why)
            | SendError::Unusable(why) => why.clone(),
            SendError::Body(error) => error.to_string(),
        }
    }
}

/// The client, with its connections, in one network.
#[derive(Clone)]
pub struct Upstream {
    connections: Connections,
    connector: Connector,
    network: Network,
}

impl Upstream {
    /// The client; certificates are read at the first https request. Proxies are used towards providers and never for
    /// loopback.
    pub fn new(environment: &Environment) -> Upstream {
        let network = Network::new(environment);
        let patience = Patience::default();
        let connector = Connector::new(network.clone(), patience);
        Upstream { connections: Connections::new(connector.clone(), patience), connector, network }
    }

    /// The network that everything is sent in.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Opens a connection to the host of `target`, unless there is one: the next request will not wait for it. Nothing is
    /// sent on it.
    pub fn open_ahead(&self, target: &Uri) {
        self.connections.open_ahead(target);
    }

    /// Sends one attempt and waits for the head of its answer, for as long as it takes.
    ///
    /// # Errors
    ///
    /// [`SendError`] when no answer came.
    pub async fn send(&self, request: Request<RequestBody>) -> Result<Response<ResponseBody>, SendError> {
        answered(self.connections.send(request, Offer::Http2).await)
    }

    /// The same for a handshake that makes something else of its connection, which only HTTP/1.1 has.
    ///
    /// # Errors
    ///
    /// [`SendError`] when no answer came.
    pub async fn send_handshake(&self, request: Request<RequestBody>) -> Result<Response<ResponseBody>, SendError> {
        // Few are sent: the futures of requests are not made larger for them.
        answered(Box::pin(self.connections.send(request, Offer::Http1)).await)
    }
}

fn answered(answer: Result<Response<ResponseBody>, SendError>) -> Result<Response<ResponseBody>, SendError> {
    let answer = answer?;
    match framing::problem(answer.headers()) {
        None => Ok(answer),
        Some(why) => Err(SendError::Unusable(why)),
    }
}

/// TLS by the bundled certificates alone, for a client that has no use for more.
pub fn bundled_tls() -> rustls::ClientConfig {
    network::trust::client_config(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect())
}

impl From<ConnectError> for SendError {
    /// Why there is no connection, with what to do.
    fn from(error: ConnectError) -> SendError {
        SendError::Connect(match &error.hint {
            Some(hint) => format!("{error} ({hint})"),
            None => error.to_string(),
        })
    }
}

/// The cause of `error`, however deep, that is an `E`.
fn cause<'e, E: std::error::Error + 'static>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e E> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
}
