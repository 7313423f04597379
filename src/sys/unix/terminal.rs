//! Terminals.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, Termios, isatty, tcflush, tcgetattr, tcgetpgrp, tcgetwinsize,
    tcsetattr, ttyname,
};

use super::pipes;
use crate::sys::{Ready, Sink};

/// Whether every terminal shows Unicode, whatever the environment says.
pub const IS_UNICODE: bool = false;

/// Whether a terminal that has no `TERM` obeys sequences.
pub const OBEYS_WITHOUT_TERM: bool = false;

/// Whether a signal reports that the terminal has another size.
pub const HAS_RESIZE_SIGNAL: bool = true;

/// How often a process looks whether it may read.
const INTERVAL: Duration = Duration::from_millis(500);

/// Whether single keys can be read from stdin as they are typed.
pub const HAS_SINGLE_KEYS: bool = true;

/// Columns and rows of the terminal on stdout.
pub fn size() -> io::Result<(u16, u16)> {
    let size = tcgetwinsize(io::stdout())?;
    Ok((size.ws_col, size.ws_row))
}

/// Nothing: a terminal's mouse is asked for by a sequence.
pub fn capture_mouse(_: bool) {}

/// Waits until the terminal on stdin is gone. `false` when that is not what ended the wait.
pub fn wait_for_hangup() -> bool {
    let stdin = io::stdin();
    let mut terminal = [PollFd::new(&stdin, PollFlags::empty())];
    while let Err(rustix::io::Errno::INTR) = poll(&mut terminal, None) {}
    terminal[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}

/// Reads stdin until it ends or `take` answers no. The one process of a terminal that may read is the one in front. Another
/// one that reads is stopped, so this looks first whether there is anything, and whether it is in front.
pub fn read_in_front(take: impl Fn(Vec<u8>) -> bool) {
    let stdin = io::stdin();
    let is_in_front = || !isatty(&stdin) || tcgetpgrp(&stdin).is_ok_and(|front| front == getpgrp());
    loop {
        match pipes::readable(&stdin, Some(INTERVAL)) {
            Ok(Ready::TimedOut) => continue,
            Err(_) => return,
            Ok(_) if !is_in_front() => {
                std::thread::sleep(INTERVAL);
                continue;
            }
            Ok(_) => {}
        }
        let mut bytes = vec![0; 4096];
        match rustix::io::read(&stdin, &mut bytes) {
            Ok(0) => return,
            Ok(count) => {
                bytes.truncate(count);
                if !take(bytes) {
                    return;
                }
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// The terminal on stdout, opened a second time, so that no write waits.
pub struct Output(OwnedFd);

impl Output {
    /// Writing without waiting is a property of an open file, and ours is shared with the shell, which would not expect it.
    /// Where the terminal cannot be opened again, as after `su`, writes may wait.
    pub fn new() -> io::Result<Output> {
        let stdout = io::stdout();
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        match ttyname(&stdout, Vec::new()).and_then(|name| open(name, flags, Mode::empty())) {
            Ok(terminal) => Ok(Output(terminal)),
            Err(_) => Ok(Output(stdout.as_fd().try_clone_to_owned()?)),
        }
    }
}

impl Sink for Output {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(&self.0, bytes)?)
    }

    fn wait(&self, limit: Duration) {
        // It is less than a second.
        let limit = Timespec { tv_sec: 0, tv_nsec: limit.subsec_nanos().into() };
        // Whatever came, the next write says it.
        let _ = poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], Some(&limit));
    }

    fn discard(&self) {
        // A terminal that is gone has nothing to discard.
        let _ = tcflush(&self.0, QueueSelector::OFlush);
    }

    /// A shell that gets the terminal back has whole lines typed.
    fn is_elsewhere(&self) -> bool {
        tcgetattr(&self.0).is_ok_and(|settings| settings.local_modes.contains(LocalModes::ICANON))
    }
}

/// While it lasts, what is typed is not echoed and comes without a newline; then the terminal is as it was.
pub struct NoEcho(Termios);

impl NoEcho {
    /// `None` for a program in the background, which would be stopped by it.
    pub fn begin() -> Option<NoEcho> {
        let stdin = io::stdin();
        if tcgetpgrp(&stdin).ok()? != getpgrp() {
            return None;
        }
        let before = tcgetattr(&stdin).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
        tcsetattr(&stdin, OptionalActions::Now, &quiet).ok()?;
        Some(NoEcho(before))
    }
}

impl Drop for NoEcho {
    fn drop(&mut self) {
        // A terminal that is gone has no settings.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
