//! Frames between the standard streams and the language server: what comes in passes the guard, what goes out
//! leaves in whole frames, the guard's own errors among them.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

use super::frame_guard::{Event, FrameGuard, INVALID_REQUEST, PARSE_ERROR};
use super::held_keys::HeldKeys;
use super::input::Input;

/// What waits for a client that does not read. Beyond it the server waits too.
const WAITING: usize = 4 * 1024 * 1024;

/// A longer message is not taken apart: as values it would be many times its size.
const LARGE: usize = 256 * 1024;

/// No client's ids are longer.
const LONGEST_ID: usize = 256;

/// Reads `input` to its end and passes good frames on to `server`, without the `keys` in them. One that `decode` refuses is answered here: the
/// server's own decoder ends for good at the first that it cannot read.
pub async fn guard_input(
    mut input: Input,
    mut server: impl AsyncWrite + Unpin,
    output: Outbox,
    keys: HeldKeys,
    decode: fn(&[u8]) -> serde_json::Result<()>,
) {
    let mut guard = FrameGuard::new();
    let mut events = Vec::new();
    loop {
        let piece = input.next().await;
        match &piece {
            Some(piece) => guard.push(piece, &mut events),
            None => guard.finish(&mut events),
        }
        for event in events.drain(..) {
            let event = match event {
                Event::Frame(body) if body.len() > LARGE => {
                    if let Some(answer) = large(&body) {
                        output.push_frame(&answer);
                    }
                    continue;
                }
                Event::Frame(body) => {
                    let (body, _) = keys.take_out(body);
                    decode(&body).map_or_else(|error| refused(&error), |()| Event::Frame(body))
                }
                Event::Bad { .. } => event,
            };
            match event {
                Event::Frame(body) => {
                    let head = format!("Content-Length: {}\r\n\r\n", body.len());
                    if server.write_all(head.as_bytes()).await.is_err() || server.write_all(&body).await.is_err() {
                        return;
                    }
                }
                Event::Bad { code, reason } => {
                    output
                        .push_frame(&json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": reason}}));
                }
            }
        }
        if piece.is_none() {
            return;
        }
    }
}

/// The answer to a large message, which is not taken apart. No method of the product needs one; an editor's
/// notification that carries a whole document means nothing here and has no answer.
fn large(body: &[u8]) -> Option<Value> {
    #[derive(Deserialize)]
    struct Head<'b> {
        #[serde(borrow)]
        id: Option<&'b RawValue>,
    }
    let id = match serde_json::from_slice::<Head<'_>>(body) {
        Ok(Head { id: None }) => return None,
        Ok(Head { id: Some(id) }) if id.get().len() <= LONGEST_ID => serde_json::from_str(id.get()).unwrap_or_default(),
        Ok(Head { id: Some(_) }) | Err(_) => Value::Null,
    };
    let message = format!("the message is longer than the {} KiB that a request may have", LARGE / 1024);
    Some(json!({"jsonrpc": "2.0", "id": id, "error": {"code": INVALID_REQUEST, "message": message}}))
}

fn refused(error: &serde_json::Error) -> Event {
    let (code, reason) = if error.is_data() {
        (INVALID_REQUEST, "the message is not a JSON-RPC 2.0 request, notification or response")
    } else {
        (PARSE_ERROR, "the message is not JSON")
    };
    Event::Bad { code, reason: reason.to_owned() }
}

/// Frames on their way to the client. Clones share it.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Inner>);

#[derive(Default)]
struct Inner {
    queue: Mutex<Queue>,
    filled: Notify,
    emptied: Notify,
}

#[derive(Default)]
struct Queue {
    bytes: VecDeque<u8>,
    writing: bool,
    /// The client closed its end: nothing is kept for it.
    closed: bool,
    waiting: Option<Waker>,
}

impl Queue {
    fn has_room(&self) -> bool {
        self.bytes.len() <= WAITING
    }

    fn add(&mut self, bytes: &[u8]) {
        if !self.closed {
            self.bytes.extend(bytes);
        }
    }
}

impl Outbox {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the guard's errors, which no request waits for: they are left out while the client does not read. Waiting
    /// would hide the end of the input.
    fn push_frame(&self, message: &serde_json::Value) {
        let body = message.to_string();
        let mut queue = self.queue();
        if queue.has_room() {
            queue.add(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        }
        drop(queue);
        self.0.filled.notify_one();
    }

    /// Writes what comes to `output`, until that is closed.
    pub async fn write_to(self, mut output: impl AsyncWrite + Unpin) {
        loop {
            let bytes: Vec<u8> = {
                let mut queue = self.queue();
                if let Some(waker) = queue.waiting.take() {
                    waker.wake();
                }
                queue.writing = !queue.bytes.is_empty();
                std::mem::take(&mut queue.bytes).into()
            };
            if bytes.is_empty() {
                self.0.emptied.notify_waiters();
                self.0.filled.notified().await;
                continue;
            }
            if output.write_all(&bytes).await.is_err() || output.flush().await.is_err() {
                tracing::debug!("the client closed the connection");
                self.close();
                return;
            }
        }
    }

    /// Whoever waits for room goes on, so that the end of the input is still seen.
    fn close(&self) {
        let mut queue = self.queue();
        let waiting = queue.waiting.take();
        *queue = Queue { closed: true, ..Queue::default() };
        if let Some(waker) = waiting {
            waker.wake();
        }
        drop(queue);
        self.0.emptied.notify_waiters();
    }

    /// Until everything is written, `patience` at most; whether it is.
    pub async fn emptied(&self, patience: Duration) -> bool {
        let waiting = async {
            loop {
                let emptied = self.0.emptied.notified();
                {
                    let queue = self.queue();
                    if queue.bytes.is_empty() && !queue.writing {
                        return;
                    }
                }
                emptied.await;
            }
        };
        let is_empty = tokio::time::timeout(patience, waiting).await.is_ok();
        if !is_empty {
            tracing::debug!("the client did not read to the end");
        }
        is_empty
    }
}

impl AsyncWrite for Outbox {
    /// Takes all or nothing, so that the frames of two writers never mix: the server hands over whole ones.
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut queue = self.queue();
        if !queue.has_room() {
            queue.waiting = Some(context.waker().clone());
            return Poll::Pending;
        }
        queue.add(bytes);
        drop(queue);
        self.0.filled.notify_one();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
