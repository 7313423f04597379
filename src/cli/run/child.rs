//! The command as a child: it has our streams, gets our signals, and its end is ours.

use std::io::ErrorKind as IoErrorKind;

use tokio::process::{Child, Command};

use crate::cli::printer::Printer;
use crate::error::{Error, ErrorKind};

/// Not found, as a shell says it.
pub const NOT_FOUND: u8 = 127;

/// Found, but it cannot be executed.
pub const NOT_EXECUTABLE: u8 = 126;

/// Runs it to its end; its exit code, or 128 and the signal that ended it.
pub async fn run(mut command: Command) -> Result<u8, Error> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let signals = Signals::new();
    let child = match command.kill_on_drop(true).spawn() {
        Ok(child) => child,
        Err(error) => {
            let missing = matches!(error.kind(), IoErrorKind::NotFound | IoErrorKind::NotADirectory);
            let hint = if missing { "check its name and `PATH`" } else { "check that it is a program you may execute" };
            Printer::error(&Error::new(ErrorKind::Internal, format!("`{name}` cannot be run: {error}")).hint(hint));
            return Ok(if missing { NOT_FOUND } else { NOT_EXECUTABLE });
        }
    };
    wait(child, signals).await
}

async fn wait(mut child: Child, mut signals: Signals) -> Result<u8, Error> {
    loop {
        let status = tokio::select! {
            status = child.wait() => status,
            signal = signals.next() => {
                pass_on(&child, signal);
                continue;
            }
        };
        let status = status
            .map_err(|error| Error::new(ErrorKind::Internal, format!("the command cannot be waited for: {error}")))?;
        return Ok(exit_code(status));
    }
}

#[cfg(unix)]
fn exit_code(status: std::process::ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code & 0xff).unwrap_or(1)
}

#[cfg(not(unix))]
fn exit_code(status: std::process::ExitStatus) -> u8 {
    status.code().map_or(1, |code| u8::try_from(code & 0xff).unwrap_or(1))
}

#[cfg(unix)]
use unix::{Signals, pass_on};

#[cfg(unix)]
mod unix {
    use std::task::Poll;

    use rustix::process::{Pid, Signal, kill_process};
    use tokio::process::Child;
    use tokio::signal::unix::{self, SignalKind};

    /// The signals a command is sent through us.
    pub struct Signals(Vec<(Signal, unix::Signal)>);

    impl Signals {
        /// From now on they no longer end this process.
        pub fn new() -> Signals {
            let passed = [
                (Signal::INT, SignalKind::interrupt()),
                (Signal::TERM, SignalKind::terminate()),
                (Signal::HUP, SignalKind::hangup()),
                (Signal::QUIT, SignalKind::quit()),
                (Signal::USR1, SignalKind::user_defined1()),
                (Signal::USR2, SignalKind::user_defined2()),
            ];
            Signals(passed.into_iter().filter_map(|(signal, kind)| Some((signal, unix::signal(kind).ok()?))).collect())
        }

        /// The next one.
        pub async fn next(&mut self) -> Signal {
            std::future::poll_fn(|context| {
                let mut ready = self
                    .0
                    .iter_mut()
                    .filter_map(|(signal, stream)| stream.poll_recv(context).is_ready().then_some(*signal));
                ready.next().map_or(Poll::Pending, Poll::Ready)
            })
            .await
        }
    }

    /// Sends it to the child. A terminal's Ctrl-C reaches the child by itself: it is in our process group.
    pub fn pass_on(child: &Child, signal: Signal) {
        let from_terminal = matches!(signal, Signal::INT | Signal::QUIT) && rustix::termios::isatty(std::io::stdin());
        let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if let (Some(pid), false) = (pid, from_terminal)
            && let Err(error) = kill_process(pid, signal)
        {
            tracing::debug!("the signal was not sent to the command: {error}");
        }
    }
}

#[cfg(not(unix))]
use other::{Signals, pass_on};

#[cfg(not(unix))]
mod other {
    use tokio::process::Child;

    /// Ctrl-C reaches the child by itself: it shares our console.
    pub struct Signals;

    impl Signals {
        /// From now on Ctrl-C no longer ends this process.
        pub fn new() -> Signals {
            Signals
        }

        /// The next one.
        pub async fn next(&mut self) {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Nothing to do.
    pub fn pass_on(_: &Child, (): ()) {}
}
