//! What asks the demo to end from outside.

/// The exit code of a process that a signal ended, as shells spell it.
const BASE: u8 = 128;

#[cfg(unix)]
pub use unix::Signals;

#[cfg(unix)]
mod unix {
    use std::task::Poll;

    use tokio::signal::unix::{self, SignalKind};

    use super::BASE;

    /// The signals after which everything is put away.
    pub struct Signals(Vec<(u8, unix::Signal)>);

    impl Signals {
        /// From now on they no longer end this process.
        pub fn new() -> Signals {
            let kinds = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::quit(), SignalKind::terminate()];
            let listen = |kind: SignalKind| Some((u8::try_from(kind.as_raw_value()).ok()?, unix::signal(kind).ok()?));
            Signals(kinds.into_iter().filter_map(listen).collect())
        }

        /// The exit code that the next one leads to.
        pub async fn next(&mut self) -> u8 {
            std::future::poll_fn(|context| {
                let mut ready = self
                    .0
                    .iter_mut()
                    .filter_map(|(number, stream)| stream.poll_recv(context).is_ready().then_some(*number));
                ready.next().map_or(Poll::Pending, |number| Poll::Ready(BASE + number))
            })
            .await
        }
    }
}

#[cfg(not(unix))]
pub use other::Signals;

#[cfg(not(unix))]
mod other {
    use super::BASE;

    /// Ctrl-C, after which everything is put away.
    pub struct Signals;

    impl Signals {
        /// From now on it no longer ends this process.
        pub fn new() -> Signals {
            Signals
        }

        /// The exit code that the next one leads to.
        pub async fn next(&mut self) -> u8 {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            BASE + 2
        }
    }
}
