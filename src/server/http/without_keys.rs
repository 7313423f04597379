//! The body of a `POST` without the keys in it: what reads it behind has buffers of its own.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};

use crate::secrets::Wiped;
use crate::server::message_keys::MessageKeys;

/// A body that is read to its end before anything of it is passed on.
pub struct WithoutKeys<B> {
    body: B,
    keys: MessageKeys,
    most: usize,
    read: Wiped,
    is_done: bool,
    had_keys: Arc<AtomicBool>,
}

impl<B> WithoutKeys<B> {
    /// A longer body than `most` bytes is refused behind, so it is passed on as far as it was read. `had_keys` is set when there
    /// is a key in it.
    pub fn new(body: B, keys: MessageKeys, most: usize, had_keys: Arc<AtomicBool>) -> WithoutKeys<B> {
        WithoutKeys { body, keys, most, read: Wiped::default(), is_done: false, had_keys }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for WithoutKeys<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        while !this.is_done {
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        this.read.extend(data);
                    }
                    this.is_done = this.read.len() > this.most;
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => this.is_done = true,
            }
        }
        let read = std::mem::take(&mut this.read);
        if read.is_empty() {
            return Poll::Ready(None);
        }
        let (without, had_keys) = this.keys.extract(read);
        this.had_keys.fetch_or(had_keys, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(&without)))))
    }
}
