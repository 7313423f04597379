//! Bytes both ways between two connections, untouched, each way at the pace of its reader. A connection that ends its
//! sending is answered in kind, and the other way has a moment more to end too.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How long the other way goes on once one has ended: enough for the last bytes, and a client that leaves frees its
/// upstream in less than a second.
const MOMENT: Duration = Duration::from_millis(500);

/// What one read takes at most; a tunnel keeps two of these.
const PIECE: usize = 8 * 1024;

/// Who ended a relay first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The client, or it would not read on.
    ByClient,
    /// The upstream, or it would not read on.
    ByUpstream,
}

/// Sees the bytes as they pass.
pub trait Watcher {
    /// The client said this; it goes on now.
    fn client_sent(&self, bytes: &[u8]);
    /// The upstream said this; it goes on now.
    fn upstream_sent(&self, bytes: &[u8]);
    /// What the upstream said has gone on.
    fn passed(&self);
}

/// Passes bytes on until both ways have ended, or one and then a moment.
pub async fn relay<C, U, W>(client: C, upstream: U, watcher: &W) -> Ended
where
    C: AsyncRead + AsyncWrite,
    U: AsyncRead + AsyncWrite,
    W: Watcher,
{
    let (from_client, to_client) = tokio::io::split(client);
    let (from_upstream, to_upstream) = tokio::io::split(upstream);
    let up = copy(from_client, to_upstream, |bytes| watcher.client_sent(bytes), || ());
    let down = copy(from_upstream, to_client, |bytes| watcher.upstream_sent(bytes), || watcher.passed());
    let (mut up, mut down) = (std::pin::pin!(up), std::pin::pin!(down));
    // What fails here breaks off for the other side too, which is all that can be said of it.
    tokio::select! {
        _ = up.as_mut() => {
            drop(tokio::time::timeout(MOMENT, down).await);
            Ended::ByClient
        }
        _ = down.as_mut() => {
            drop(tokio::time::timeout(MOMENT, up).await);
            Ended::ByUpstream
        }
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    see: impl Fn(&[u8]),
    passed: impl Fn(),
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        see(&piece[..read]);
        to.write_all(&piece[..read]).await?;
        to.flush().await?;
        passed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Seen(Mutex<(Vec<u8>, Vec<u8>)>);

    impl Watcher for Seen {
        fn client_sent(&self, bytes: &[u8]) {
            self.0.lock().unwrap().0.extend(bytes);
        }

        fn upstream_sent(&self, bytes: &[u8]) {
            self.0.lock().unwrap().1.extend(bytes);
        }

        fn passed(&self) {}
    }

    #[tokio::test]
    async fn bytes_pass_both_ways_and_a_half_close_is_answered_in_kind() {
        let (mut client, near) = tokio::io::duplex(4096);
        let (mut upstream, far) = tokio::io::duplex(4096);
        let seen = Seen::default();
        let talk = async move {
            client.write_all(b"question").await.unwrap();
            client.shutdown().await.unwrap();
            let mut asked = String::new();
            upstream.read_to_string(&mut asked).await.unwrap();
            upstream.write_all(&[b'x'; 1000]).await.unwrap();
            drop(upstream);
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await.unwrap();
            (asked, answer.len())
        };
        let talk = tokio::spawn(talk);
        assert_eq!(relay(near, far, &seen).await, Ended::ByClient);
        assert_eq!(talk.await.unwrap(), ("question".to_owned(), 1000));
        let (up, down) = seen.0.into_inner().unwrap();
        assert_eq!((up.as_slice(), down.len()), (b"question".as_slice(), 1000));
    }

    #[tokio::test]
    async fn one_that_says_nothing_more_is_not_waited_for() {
        let (client, near) = tokio::io::duplex(64);
        let (mut upstream, far) = tokio::io::duplex(64);
        drop(client);
        let silent = tokio::spawn(async move {
            let mut rest = Vec::new();
            upstream.read_to_end(&mut rest).await.unwrap();
            // It keeps its end open.
            upstream
        });
        let started = tokio::time::Instant::now();
        assert_eq!(relay(near, far, &Seen::default()).await, Ended::ByClient);
        assert!(started.elapsed() >= MOMENT);
        drop(silent.await.unwrap());
    }
}
