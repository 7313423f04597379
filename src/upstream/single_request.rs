//! Single requests: to the issuer, about quota and models, and `doctor`'s. They are put together and read by reqwest, and
//! sent on the connections that requests are sent on.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, HeaderValue, USER_AGENT as USER_AGENT_NAME};
use reqwest::{Request, Response};
use tokio::time::Sleep;

use super::connections::Connections;
use super::{RequestBody, ResponseBody, Upstream};
use crate::error::deepest;
use crate::upstream::connector::ConnectError;

/// Who we say we are to a ChatGPT backend and to the issuer.
pub const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// A request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// There is no connection; nothing was sent.
    #[error("{0}")]
    Connect(#[source] ConnectError),
    /// It took too long.
    #[error("no answer within {0:?}")]
    Late(Duration),
    /// The connection broke.
    #[error("{0}")]
    Broken(String, #[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Unanswered {
    /// What to do, where more is known than that the network failed.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Unanswered::Connect(error) => error.hint.as_deref(),
            Unanswered::Late(_) | Unanswered::Broken(..) => None,
        }
    }
}

impl Upstream {
    /// Sends one request once, without following a redirect. Head and body of the answer have `patience` together; without
    /// one they may take any time.
    ///
    /// # Errors
    ///
    /// [`Unanswered`] when no head of an answer came. A body that breaks off is an error of the response's own.
    pub async fn request(&self, request: Request, patience: Option<Duration>) -> Result<Response, Unanswered> {
        let bytes = request.body().and_then(reqwest::Body::as_bytes).map(Bytes::copy_from_slice).unwrap_or_default();
        let request = hyper::Request::try_from(request).map_err(|error| broken(error.without_url()))?;
        let mut request: hyper::Request<RequestBody> =
            request.map(|_| Full::new(bytes).map_err(|never| match never {}).boxed_unsync());
        request.headers_mut().entry(USER_AGENT_NAME).or_insert(HeaderValue::from_static(USER_AGENT));
        request.headers_mut().entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        let mut until = patience.map(|patience| Box::pin(tokio::time::sleep(patience)));
        let late = async {
            match &mut until {
                Some(until) => until.as_mut().await,
                None => std::future::pending().await,
            }
        };
        // A refresh token that is sent on a connection whose other end has just closed it is lost.
        let connector = patience.map_or_else(|| self.connector.clone(), |patience| self.connector.within(patience));
        let answered = tokio::select! {
            biased;
            answered = Connections::ask(connector, request) => answered,
            () = late => return Err(Unanswered::Late(patience.unwrap_or_default())),
        };
        let answer = answered.map_err(Unanswered::Connect)?;
        let answer = answer.map_err(|error| Unanswered::Broken(error.why(), error.into()))?;
        Ok(Response::from(answer.map(|inner| reqwest::Body::wrap(Bounded { inner, until }))))
    }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Unanswered {
    Unanswered::Broken(deepest(&error), error.into())
}

/// The body of an answer, which has only so much time.
struct Bounded {
    inner: ResponseBody,
    until: Option<Pin<Box<Sleep>>>,
}

/// The rest of an answer did not come.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error("it did not come in time")]
    Late,
    #[error(transparent)]
    Broken(#[from] hyper::Error),
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Cut::from)));
        }
        match &mut self.until {
            Some(until) => until.as_mut().poll(context).map(|()| Some(Err(Cut::Late))),
            None => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
