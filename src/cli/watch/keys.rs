//! What the person does while a listing is watched: `q`, and changes of the window. What is typed is not echoed meanwhile,
//! since it would stand in the middle of the listing; the terminal is as it was after the end, and while the program is
//! stopped.

/// What the person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// They want to leave.
    End,
    /// The window has another size.
    #[cfg_attr(not(unix), expect(dead_code, reason = "a console sends no signal for it; the next tick sees it"))]
    Resized,
    /// The program was stopped and goes on.
    #[cfg_attr(not(unix), expect(dead_code, reason = "a console stops no program"))]
    Redraw,
}

#[cfg(unix)]
pub use unix::Keys;

#[cfg(unix)]
mod unix {
    use std::io::{IsTerminal, Read};

    use rustix::process::{Signal, getpgrp, getpid, kill_process};
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
    use tokio::signal::unix::{self, SignalKind, signal};
    use tokio::sync::mpsc;

    use super::Key;

    /// The keyboard, and the signals that come from the terminal.
    pub struct Keys {
        quiet: Option<Quiet>,
        typed: mpsc::Receiver<()>,
        resized: Option<unix::Signal>,
        stopped: Option<unix::Signal>,
    }

    impl Keys {
        /// Begins to read, where there is a terminal to read from.
        pub fn begin(is_drawn: bool) -> Keys {
            let (sender, typed) = mpsc::channel(1);
            let is_there = is_drawn && std::io::stdin().is_terminal();
            if is_there {
                // It ends with the process: nothing interrupts a read.
                std::thread::spawn(move || {
                    let wants_to_end = |byte: u8| matches!(byte, b'q' | b'Q' | 4);
                    let bytes = std::io::stdin().lock().bytes();
                    for byte in bytes.map_while(Result::ok).filter(|byte| wants_to_end(*byte)) {
                        let _ = sender.blocking_send(());
                        let _ = byte;
                    }
                });
            }
            let listen = |kind: SignalKind| is_drawn.then(|| signal(kind).ok()).flatten();
            Keys {
                quiet: is_there.then(Quiet::begin).flatten(),
                typed,
                resized: listen(SignalKind::window_change()),
                stopped: listen(SignalKind::from_raw(Signal::TSTP.as_raw())),
            }
        }

        /// Waits for the next.
        pub async fn next(&mut self) -> Key {
            tokio::select! {
                Some(()) = self.typed.recv() => Key::End,
                () = next(&mut self.resized) => Key::Resized,
                () = next(&mut self.stopped) => {
                    let was_quiet = self.quiet.take().is_some();
                    // It goes on after this when the shell says so.
                    let _ = kill_process(getpid(), Signal::STOP);
                    self.quiet = was_quiet.then(Quiet::begin).flatten();
                    Key::Redraw
                }
            }
        }
    }

    async fn next(signal: &mut Option<unix::Signal>) {
        match signal {
            Some(signal) => {
                signal.recv().await;
            }
            None => std::future::pending().await,
        }
    }

    /// The settings of the terminal before it no longer echoed; they are restored when this is dropped.
    struct Quiet(Termios);

    impl Quiet {
        /// `None` for a program in the background, which would be stopped by it.
        fn begin() -> Option<Quiet> {
            let stdin = std::io::stdin();
            if tcgetpgrp(&stdin).ok()? != getpgrp() {
                return None;
            }
            let found = tcgetattr(&stdin).ok()?;
            let mut quiet = found.clone();
            quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
            tcsetattr(&stdin, OptionalActions::Now, &quiet).ok()?;
            Some(Quiet(found))
        }
    }

    impl Drop for Quiet {
        fn drop(&mut self) {
            // A terminal that is gone has no settings.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
        }
    }
}

#[cfg(not(unix))]
pub use other::Keys;

#[cfg(not(unix))]
mod other {
    use super::Key;

    /// Ctrl-C ends the program; there is no key beside it.
    pub struct Keys;

    impl Keys {
        /// Nothing is read.
        pub fn begin(_: bool) -> Keys {
            Keys
        }

        /// Waits for ever.
        pub async fn next(&mut self) -> Key {
            std::future::pending().await
        }
    }
}
