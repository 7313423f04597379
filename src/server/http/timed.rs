//! A request's body that has to come to its end in time: whoever stalls keeps no place that others wait for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

/// A body with its time.
pub struct Timed<B> {
    body: B,
    limit: Pin<Box<Sleep>>,
}

impl<B> Timed<B> {
    /// Its time begins now.
    pub fn new(body: B, limit: Duration) -> Timed<B> {
        Timed { body, limit: Box::pin(tokio::time::sleep(limit)) }
    }
}

impl<B: Body<Data = Bytes, Error: std::error::Error + Send + Sync + 'static> + Unpin> Body for Timed<B> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        ready!(this.limit.as_mut().poll(context));
        Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;

    #[tokio::test]
    async fn a_body_that_stalls_fails_and_one_that_comes_does_not() {
        let whole = Timed::new(Full::new(Bytes::from_static(b"{}")), Duration::from_secs(60));
        assert_eq!(whole.collect().await.unwrap().to_bytes(), "{}");
        let stalled = StreamBody::new(futures_util::stream::pending::<io::Result<Frame<Bytes>>>());
        let failed = Timed::new(stalled, Duration::from_millis(1)).collect().await.unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    }
}
