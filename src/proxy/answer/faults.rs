//! A panic in one request is a fault of this program and nobody else's trouble: the request is answered 500, or cut off
//! where its answer has begun, and everything else goes on.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use http_body::{Body, Frame, SizeHint};
use hyper::Response;

use crate::proxy::admit::connections::UnderWay;
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::errors;
use crate::proxy::answer::stream_error::StreamError;

/// The answer of `answering`, or the one that says that there is a fault.
pub async fn answered(answering: impl Future<Output = Response<ProxyBody>>) -> Response<ProxyBody> {
    match AssertUnwindSafe(answering).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            report("a request", &*panic);
            errors::internal()
        }
    }
}

/// Runs `work` to its end, or to its panic.
pub async fn contained(what: &str, work: impl Future<Output = ()>) {
    if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
        report(what, &*panic);
    }
}

/// The words of a panic may hold what a client sent; those that stand in the source do not.
fn report(what: &str, panic: &(dyn Any + Send)) {
    let words = panic.downcast_ref::<&'static str>().copied().unwrap_or("see the panic on stderr");
    tracing::error!("{what} failed because of a bug in this program; please report it: {words}");
}

/// The body of an answer, which keeps its request under way.
pub struct Attended<B> {
    /// `None` after a panic.
    body: Option<B>,
    _under_way: UnderWay,
}

impl<B> Attended<B> {
    /// The request is under way until the body was passed on.
    pub fn new(body: B, under_way: UnderWay) -> Attended<B> {
        Attended { body: Some(body), _under_way: under_way }
    }

    fn discard(&mut self) {
        let body = self.body.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(move || drop(body))) {
            report("the end of an answer", &*panic);
        }
    }
}

impl<B: Body<Data = Bytes, Error = StreamError> + Unpin> Body for Attended<B> {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        match catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(context))) {
            Ok(polled) => polled,
            Err(panic) => {
                report("an answer", &*panic);
                this.discard();
                Poll::Ready(Some(Err(StreamError::Fault)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl<B> Drop for Attended<B> {
    fn drop(&mut self) {
        self.discard();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io;

    use http_body_util::BodyExt;
    use hyper::Request;
    use hyper::body::Incoming;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::proxy::admit::connections::{Connections, Patience};

    /// Fails when it is polled, or when it is dropped.
    struct Faulty(&'static str);

    impl Body for Faulty {
        type Data = Bytes;
        type Error = StreamError;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
            assert_ne!(self.0, "/poll", "a fault that is part of the test");
            Poll::Ready(None)
        }
    }

    impl Drop for Faulty {
        fn drop(&mut self) {
            assert_ne!(self.0, "/drop", "a fault that is part of the test");
        }
    }

    #[tokio::test]
    async fn an_answer_that_panics_breaks_off_and_ends_its_request_alone() {
        let connections = Connections::new(1, Patience::default());
        let place = connections.admit().await;
        for kind in ["/poll", "/drop"] {
            let body = Attended::new(Faulty(kind), place.presence().begin());
            let ended = body.collect().await;
            assert_eq!(ended.err(), (kind == "/poll").then_some(StreamError::Fault), "{kind}");
        }
        // Nothing is under way any more, so that it can make room.
        drop(connections.admit().await);
    }

    #[tokio::test]
    async fn a_request_that_panics_is_answered_in_the_shape_of_openai_and_the_connection_goes_on() -> io::Result<()> {
        let (mut client, server) = tokio::io::duplex(64 * 1024);
        let service = service_fn(|request: Request<Incoming>| async move {
            let answering = async move {
                assert_ne!(request.uri().path(), "/fault", "a fault that is part of the test");
                Response::new(ProxyBody::full(Bytes::from_static(b"fine")))
            };
            Ok::<_, Infallible>(answered(answering).await)
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(server), service));
        client.write_all(b"GET /fault HTTP/1.1\r\nhost: a\r\n\r\n").await?;
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await?;
        let mut answers = String::new();
        client.read_to_string(&mut answers).await?;
        assert!(answers.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{answers}");
        assert!(answers.contains(r#""type":"server_error","param":null,"code":"internal_error""#), "{answers}");
        assert!(answers.ends_with("\r\n\r\nfine"), "{answers}");
        Ok(())
    }
}
