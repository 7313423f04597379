//! What goes out to the client, in whole frames, written by a thread of its own: a client that does not read stops nobody
//! else. What nobody waits for joins what comes in the next moment, so that many notifications are one write.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::Notify;

/// What waits for a client that does not read, in bytes. Beyond it answers and notifications wait unwritten.
const WAITING: usize = 4 * 1024 * 1024;

/// How long a notification lets others join it.
const GATHERING: Duration = Duration::from_millis(2);

/// Room for bytes that is kept allocated for the next ones.
const ROOM_KEPT: usize = 16 * 1024;

/// Frames on their way to the client. Clones share it.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Inner>);

#[derive(Default)]
struct Inner {
    queue: Mutex<Queue>,
    filled: Condvar,
    emptied: Notify,
}

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    /// Someone waits for what is in it.
    is_urgent: bool,
    thread: Thread,
    /// The client closed its end: nothing is kept for it.
    is_closed: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Thread {
    /// It waits until anything comes.
    #[default]
    Sleeps,
    /// It waits for what joins that.
    Gathers,
    Writes,
}

/// A notification of ours as it stands on the wire.
#[derive(Serialize)]
struct Notification<'n> {
    jsonrpc: &'static str,
    method: &'n str,
    params: &'n RawValue,
}

impl Outbox {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message that someone waits for.
    pub fn push(&self, message: &impl Serialize) {
        self.add(message, true);
    }

    /// The same for a refusal that no request waits for: it is left out while the client does not read.
    pub fn push_if_room(&self, message: &impl Serialize) {
        if self.has_room() {
            self.push(message);
        }
    }

    /// Adds a notification, once there is room.
    pub async fn notify(&self, method: &str, params: &RawValue) {
        self.room().await;
        self.add(&Notification { jsonrpc: "2.0", method, params }, false);
    }

    fn add(&self, message: &impl Serialize, is_urgent: bool) {
        let body = serde_json::to_vec(message).expect("a message of JSON-RPC always serialises");
        let mut queue = self.queue();
        if queue.is_closed {
            return;
        }
        // Writing to a Vec cannot fail.
        let _ = write!(queue.bytes, "Content-Length: {}\r\n\r\n", body.len());
        queue.bytes.extend_from_slice(&body);
        queue.is_urgent |= is_urgent;
        let is_waited_for = match queue.thread {
            Thread::Sleeps => true,
            Thread::Gathers => is_urgent,
            Thread::Writes => false,
        };
        drop(queue);
        if is_waited_for {
            self.0.filled.notify_one();
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
        let written = self.until(|queue| queue.bytes.is_empty() && queue.thread != Thread::Writes);
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

    /// Begins to write what comes to `output`, until that is closed.
    pub fn write_to(&self, output: io::Result<impl Write + Send + 'static>) {
        let outbox = self.clone();
        let writing = output.and_then(|output| {
            std::thread::Builder::new().name("stdout".to_owned()).spawn(move || outbox.write(output))
        });
        if let Err(error) = writing {
            tracing::error!("stdout cannot be written to: {error}");
            self.close();
        }
    }

    fn write(&self, mut output: impl Write) {
        let mut bytes = Vec::new();
        loop {
            self.take_next(&mut bytes);
            self.0.emptied.notify_waiters();
            if output.write_all(&bytes).is_err() || output.flush().is_err() {
                tracing::debug!("the client closed the connection");
                return self.close();
            }
            bytes.clear();
            bytes.shrink_to(ROOM_KEPT);
        }
    }

    /// Waits for what is to be written next, and puts it into `bytes`, which is empty.
    fn take_next(&self, bytes: &mut Vec<u8>) {
        let mut queue = self.queue();
        queue.thread = Thread::Sleeps;
        if queue.bytes.is_empty() {
            self.0.emptied.notify_waiters();
        }
        let is_empty = |queue: &mut Queue| queue.bytes.is_empty();
        queue = self.0.filled.wait_while(queue, is_empty).unwrap_or_else(PoisonError::into_inner);
        queue.thread = Thread::Gathers;
        let is_calm = |queue: &mut Queue| !queue.is_urgent;
        let gathered = self.0.filled.wait_timeout_while(queue, GATHERING, is_calm);
        queue = gathered.unwrap_or_else(PoisonError::into_inner).0;
        queue.thread = Thread::Writes;
        queue.is_urgent = false;
        std::mem::swap(&mut queue.bytes, bytes);
    }

    /// Nothing more is written. Whoever waits for room goes on, so that the end of the input is still seen.
    fn close(&self) {
        *self.queue() = Queue { is_closed: true, ..Queue::default() };
        self.0.emptied.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::*;

    /// Passes on what is written, and waits until it may before each write.
    struct Slow(mpsc::Sender<String>, mpsc::Receiver<()>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            self.0.send(String::from_utf8(bytes.to_vec()).unwrap()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Outbox, mpsc::Receiver<String>, mpsc::Sender<()>) {
        let ((sent, received), (allow, allowed)) = (mpsc::channel(), mpsc::channel());
        let outbox = Outbox::default();
        outbox.write_to(Ok(Slow(sent, allowed)));
        (outbox, received, allow)
    }

    #[tokio::test]
    async fn what_comes_while_the_client_does_not_read_goes_out_in_order_and_at_once() {
        let (outbox, received, allow) = slow();
        outbox.push(&json!(1));
        // The first is in the thread's hands, or still waits; the others join what waits.
        let params = to_raw_value(&json!({ "a": [1, 2] })).unwrap();
        outbox.notify("a/b", &params).await;
        outbox.push(&json!("ä"));
        assert!(!outbox.emptied(Duration::ZERO).await);
        for _ in 0..2 {
            allow.send(()).unwrap();
        }
        assert!(outbox.emptied(Duration::from_secs(60)).await);
        let notification = r#"{"jsonrpc":"2.0","method":"a/b","params":{"a":[1,2]}}"#;
        let expected =
            format!("Content-Length: 1\r\n\r\n1Content-Length: 53\r\n\r\n{notification}Content-Length: 4\r\n\r\n\"ä\"");
        let written: Vec<String> = received.try_iter().collect();
        assert_eq!(written.concat(), expected);
        assert!(written.len() <= 2, "{written:?}");
    }

    #[tokio::test]
    async fn a_notification_goes_out_though_nothing_joins_it() {
        let (outbox, received, allow) = slow();
        allow.send(()).unwrap();
        outbox.notify("a/b", RawValue::NULL).await;
        assert!(outbox.emptied(Duration::from_secs(60)).await);
        assert_eq!(
            received.recv().unwrap(),
            "Content-Length: 46\r\n\r\n{\"jsonrpc\":\"2.0\",\"method\":\"a/b\",\"params\":null}"
        );
    }

    #[tokio::test]
    async fn nothing_is_kept_for_a_client_that_is_gone_and_nobody_waits_for_it() {
        let (outbox, _, allow) = slow();
        let long = json!("x".repeat(WAITING));
        outbox.push(&long);
        outbox.push(&long);
        drop(allow);
        assert!(outbox.emptied(Duration::from_secs(60)).await);
        outbox.push(&json!(1));
        outbox.notify("a/b", RawValue::NULL).await;
        assert!(outbox.has_room() && outbox.queue().bytes.is_empty());
    }

    #[tokio::test]
    async fn without_an_output_everything_is_dropped() {
        let outbox = Outbox::default();
        outbox.write_to(Err::<io::Sink, _>(io::ErrorKind::NotFound.into()));
        outbox.push(&json!(1));
        assert!(outbox.emptied(Duration::ZERO).await);
    }
}
