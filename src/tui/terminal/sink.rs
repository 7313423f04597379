//! Where frames go: the terminal, without ever waiting inside a write.

use std::io;
use std::time::Duration;

/// Something that takes bytes.
pub trait Sink: Send + Sync + 'static {
    /// Takes some of `bytes`, or answers `WouldBlock`.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Waits until it takes more, no longer than `limit`.
    fn wait(&self, limit: Duration);
    /// Discards what has been taken and not been shown yet, where the system can.
    fn discard(&self);
}

/// The terminal on stdout.
#[cfg(unix)]
pub fn stdout() -> io::Result<impl Sink> {
    unix::Terminal::new()
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{Mode, OFlags, open};
    use rustix::termios::{QueueSelector, tcflush, ttyname};

    /// The terminal, opened a second time.
    pub struct Terminal(OwnedFd);

    impl Terminal {
        /// Writing without waiting is a property of an open file, and ours is shared with the shell, which would not expect it.
        /// Where the terminal cannot be opened again, as after `su`, writes may wait.
        pub fn new() -> io::Result<Terminal> {
            let stdout = io::stdout();
            let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            match ttyname(&stdout, Vec::new()).and_then(|name| open(name, flags, Mode::empty())) {
                Ok(terminal) => Ok(Terminal(terminal)),
                Err(_) => Ok(Terminal(stdout.as_fd().try_clone_to_owned()?)),
            }
        }
    }

    impl super::Sink for Terminal {
        fn write(&self, bytes: &[u8]) -> io::Result<usize> {
            Ok(rustix::io::write(&self.0, bytes)?)
        }

        fn wait(&self, limit: Duration) {
            let limit = Timespec { tv_sec: 0, tv_nsec: limit.subsec_nanos().into() };
            // Whatever came, the next write says it.
            let _ = poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], Some(&limit));
        }

        fn discard(&self) {
            // A terminal that is gone has nothing to discard.
            let _ = tcflush(&self.0, QueueSelector::OFlush);
        }
    }
}

/// The console.
#[cfg(not(unix))]
pub fn stdout() -> io::Result<impl Sink> {
    Ok(Console)
}

#[cfg(not(unix))]
struct Console;

#[cfg(not(unix))]
impl Sink for Console {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        use std::io::Write;
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()?;
        Ok(bytes.len())
    }

    fn wait(&self, limit: Duration) {
        std::thread::sleep(limit);
    }

    fn discard(&self) {}
}
