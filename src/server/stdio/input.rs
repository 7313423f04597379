//! stdin, read by a thread of its own into memory that is wiped. What the runtime reads with has buffers that keep what went
//! through them; and when the server behind takes nothing more, only a look at stdin itself says that the client is gone.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use crate::secrets::Wiped;
use crate::sys::pipes;

/// Read at once. Not less than the standard library's own buffer, which then stays empty.
const PIECE: usize = 16 * 1024;

/// How long a client that is gone may leave what it wrote without any of it being taken.
const STALLED: Duration = Duration::from_millis(300);

/// How long what it wrote may take at all: everything ends within two seconds of its end.
const LATEST: Duration = Duration::from_millis(800);

/// What stdin says, piece by piece.
pub struct Input {
    pieces: mpsc::Receiver<Wiped>,
    progress: Arc<Progress>,
}

#[derive(Default)]
struct Progress {
    taken: AtomicU64,
    /// The client closed its end, with more to read than is taken.
    hung_up: Notify,
}

impl Input {
    /// Begins to read.
    pub fn stdin() -> Input {
        Input::of(io::stdin(), || pipes::wait_for_close(&io::stdin()))
    }

    /// What `source` says; `wait_for_close` waits until its other end is closed, though there is still something to read. It is
    /// `false` where that cannot be known.
    fn of(source: impl Read + Send + 'static, wait_for_close: impl FnOnce() -> bool + Send + 'static) -> Input {
        let progress: Arc<Progress> = Arc::default();
        // One piece waits: whatever is read further waits in the pipe.
        let (sender, pieces) = mpsc::channel(1);
        let reader = {
            let progress = Arc::clone(&progress);
            move || read(source, &sender, &progress, wait_for_close)
        };
        if let Err(error) = std::thread::Builder::new().name("stdin".to_owned()).spawn(reader) {
            tracing::error!("stdin cannot be read: {error}");
        }
        Input { pieces, progress }
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Option<Wiped> {
        let piece = self.pieces.recv().await;
        self.progress.taken.fetch_add(1, Ordering::Relaxed);
        piece
    }

    /// Until the client is gone and nothing of what it wrote before is taken any more: the end of the input is then behind
    /// what nobody will read.
    pub fn abandoned(&self) -> impl Future<Output = ()> + use<> {
        let progress = Arc::clone(&self.progress);
        async move {
            progress.hung_up.notified().await;
            let stalled = async {
                let mut taken = progress.taken.load(Ordering::Relaxed);
                loop {
                    tokio::time::sleep(STALLED).await;
                    let before = std::mem::replace(&mut taken, progress.taken.load(Ordering::Relaxed));
                    if taken == before {
                        return;
                    }
                }
            };
            // Either will do.
            let _ = tokio::time::timeout(LATEST, stalled).await;
        }
    }
}

fn read(
    mut source: impl Read,
    sender: &mpsc::Sender<Wiped>,
    progress: &Arc<Progress>,
    wait_for_close: impl FnOnce() -> bool + Send + 'static,
) {
    let mut buffer = Wiped::from(vec![0; PIECE]);
    let mut unwatched = Some(wait_for_close);
    loop {
        let length = match source.read(buffer.as_mut()) {
            Ok(0) => return,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                tracing::debug!("stdin: {error}");
                return;
            }
        };
        let piece = Wiped::from(buffer[..length].to_vec());
        buffer.wipe(length);
        let piece = match sender.try_send(piece) {
            Ok(()) => continue,
            Err(mpsc::error::TrySendError::Closed(_)) => return,
            Err(mpsc::error::TrySendError::Full(piece)) => piece,
        };
        if let Some(wait_for_close) = unwatched.take() {
            watch(wait_for_close, Arc::clone(progress));
        }
        if sender.blocking_send(piece).is_err() {
            return;
        }
    }
}

/// Looks out for the client's end, from the first time on that something had to wait.
fn watch(wait_for_close: impl FnOnce() -> bool + Send + 'static, progress: Arc<Progress>) {
    let watching = std::thread::Builder::new().name("stdin end".to_owned()).spawn(move || {
        if wait_for_close() {
            progress.hung_up.notify_one();
        }
    });
    if let Err(error) = watching {
        tracing::debug!("the end of stdin is not watched: {error}");
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn input_of(server: UnixStream) -> Input {
        let handle = server.try_clone().expect("a socket has another handle");
        Input::of(server, move || pipes::wait_for_close(&handle))
    }

    #[tokio::test]
    async fn a_client_that_leaves_more_than_is_taken_is_noticed() {
        let (mut client, server) = UnixStream::pair().unwrap();
        client.write_all(&vec![b'x'; 4 * PIECE]).unwrap();
        let mut input = input_of(server);
        let abandoned = input.abandoned();
        drop(client);
        abandoned.await;
        let mut length = 0;
        while let Some(piece) = input.next().await {
            length += piece.len();
        }
        assert_eq!(length, 4 * PIECE, "what it wrote is there all the same");
    }

    #[tokio::test]
    async fn a_client_that_waits_is_not_taken_for_gone() {
        let (mut client, server) = UnixStream::pair().unwrap();
        let mut input = input_of(server);
        client.write_all(&vec![b'x'; 3 * PIECE]).unwrap();
        let mut abandoned = std::pin::pin!(input.abandoned());
        assert!(futures_util::poll!(abandoned.as_mut()).is_pending());
        assert_eq!(input.next().await.map(|piece| !piece.is_empty()), Some(true));
        assert!(futures_util::poll!(abandoned.as_mut()).is_pending());
    }
}
