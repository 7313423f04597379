//! What goes out to the client, in whole frames, whoever writes them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

/// What waits for a client that does not read, in bytes. Beyond it answers and notifications wait unwritten.
const WAITING: usize = 4 * 1024 * 1024;

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
    bytes: Vec<u8>,
    writing: bool,
    /// The client closed its end: nothing is kept for it.
    closed: bool,
}

impl Outbox {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message.
    pub fn push(&self, message: &impl Serialize) {
        let body = serde_json::to_vec(message).expect("a message of JSON-RPC always serialises");
        let mut queue = self.queue();
        if !queue.closed {
            queue.bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            queue.bytes.extend_from_slice(&body);
        }
        drop(queue);
        self.0.filled.notify_one();
    }

    /// The same for a refusal that no request waits for: it is left out while the client does not read.
    pub fn push_if_room(&self, message: &impl Serialize) {
        if self.has_room() {
            self.push(message);
        }
    }

    /// Whether the client has read enough that more may be added.
    pub fn has_room(&self) -> bool {
        self.queue().bytes.len() <= WAITING
    }

    /// Until there is room.
    pub async fn room(&self) {
        self.until(|queue| queue.bytes.len() <= WAITING).await;
    }

    /// Until everything is written, `patience` at most; whether it is.
    pub async fn emptied(&self, patience: Duration) -> bool {
        let written = self.until(|queue| queue.bytes.is_empty() && !queue.writing);
        let is_empty = tokio::time::timeout(patience, written).await.is_ok();
        if !is_empty {
            tracing::debug!("the client did not read to the end");
        }
        is_empty
    }

    async fn until(&self, condition: impl Fn(&Queue) -> bool) {
        loop {
            let emptied = self.0.emptied.notified();
            if condition(&self.queue()) {
                return;
            }
            emptied.await;
        }
    }

    /// Writes what comes to `output`, until that is closed.
    pub async fn write_to(self, mut output: impl AsyncWrite + Unpin) {
        loop {
            let bytes = {
                let mut queue = self.queue();
                queue.writing = !queue.bytes.is_empty();
                std::mem::take(&mut queue.bytes)
            };
            self.0.emptied.notify_waiters();
            if bytes.is_empty() {
                self.0.filled.notified().await;
                continue;
            }
            if output.write_all(&bytes).await.is_err() || output.flush().await.is_err() {
                tracing::debug!("the client closed the connection");
                // Whoever waits for room goes on, so that the end of the input is still seen.
                *self.queue() = Queue { closed: true, ..Queue::default() };
                self.0.emptied.notify_waiters();
                return;
            }
        }
    }
}
