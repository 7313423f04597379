//! Client connections ask from time to time whether their other end is still there: one that vanished without a word
//! frees its upstream, however long the answer it waits for takes.
//!
//! There is no `TCP_USER_TIMEOUT` here: the kernel also ends a connection by it whose client is there and does not read
//! for that long, such as one that is stopped in a debugger.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::sys;

/// A client on which nothing came for this long is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(30);

/// How often it is asked again.
const PROBE: Duration = Duration::from_secs(15);

/// How many questions go unanswered before it has vanished.
const PROBES: u32 = 3;

/// Has the system ask on `stream`.
pub fn ask(stream: &TcpStream) -> io::Result<()> {
    sys::sockets::keep_alive(stream, SILENCE, PROBE, PROBES)
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::net::sockopt;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_client_that_vanished_is_noticed_within_90_seconds() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        ask(&stream).unwrap();
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        let silence = sockopt::tcp_keepidle(&stream).unwrap();
        let probes = sockopt::tcp_keepintvl(&stream).unwrap() * sockopt::tcp_keepcnt(&stream).unwrap();
        assert!(silence + probes <= Duration::from_secs(90));
    }
}
