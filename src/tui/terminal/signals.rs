//! Signals: those that end the program, and those that say that the terminal changed.

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The program has to end.
    End,
    /// It was stopped and goes on.
    Continued,
    /// The terminal has another size.
    Resized,
}

#[cfg(unix)]
pub use unix::{Signals, stop};

#[cfg(unix)]
mod unix {
    use std::io;
    use std::task::Poll;

    use rustix::process::kill_current_process_group;
    use tokio::signal::unix::{self, SignalKind, signal};

    use super::Signal;

    /// The signals that are watched.
    pub struct Signals(Vec<(Signal, unix::Signal)>);

    impl Signals {
        /// From now on they no longer have their usual effect. `SIGTSTP` keeps it: the system then knows whether there is a
        /// shell that could let us go on.
        pub fn new() -> io::Result<Signals> {
            let ends = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup(), SignalKind::quit()];
            let ends = ends.into_iter().map(|kind| (Signal::End, kind));
            let continued = (Signal::Continued, SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()));
            let resized = (Signal::Resized, SignalKind::window_change());
            let watched = ends.chain([continued, resized]).map(|(meaning, kind)| Ok((meaning, signal(kind)?)));
            Ok(Signals(watched.collect::<io::Result<_>>()?))
        }

        /// Waits for the next one.
        pub async fn next(&mut self) -> Signal {
            std::future::poll_fn(|context| {
                let mut ready = self
                    .0
                    .iter_mut()
                    .filter_map(|(meaning, stream)| stream.poll_recv(context).is_ready().then_some(*meaning));
                ready.next().map_or(Poll::Pending, Poll::Ready)
            })
            .await
        }
    }

    /// Stops all that the shell started with us, as Ctrl-Z does, until the shell continues it. Where there is no such shell
    /// the system ignores this.
    pub fn stop() {
        if let Err(error) = kill_current_process_group(rustix::process::Signal::TSTP) {
            tracing::debug!("the process cannot be stopped: {error}");
        }
    }
}

#[cfg(not(unix))]
pub use other::{Signals, stop};

#[cfg(not(unix))]
mod other {
    use std::io;

    use super::Signal;

    /// Ctrl-C from outside; the console's own is a key.
    pub struct Signals;

    impl Signals {
        /// Nothing to prepare.
        pub fn new() -> io::Result<Signals> {
            Ok(Signals)
        }

        /// Waits for it.
        pub async fn next(&mut self) -> Signal {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            Signal::End
        }
    }

    /// There is no such thing.
    pub fn stop() {}
}
