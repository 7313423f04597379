//! What differs by system, behind one interface with a half for each: nothing outside this room asks which system it is on.
//! What a system has no call for does nothing there, or says so.

use std::io;
use std::time::Duration;

// What Windows' half decides without asking the system.
#[cfg(any(not(unix), test))]
mod access;
#[cfg(any(not(unix), test))]
mod persistence;
#[cfg(any(not(unix), test))]
mod search;
#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
mod windows;

#[cfg(unix)]
pub use unix::{files, locks, memory, neighbours, parent, pipes, processes, programs, signals, sockets, terminal};
#[cfg(not(unix))]
pub use windows::{files, locks, memory, neighbours, parent, pipes, processes, programs, signals, sockets, terminal};

/// A lock of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// For one alone.
    Exclusive,
    /// For any number at once.
    Shared,
}

/// What starts a program when its user logs on, and again when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceManager {
    /// A user unit of systemd: Linux, and other systems that have it.
    Systemd,
    /// An agent of macOS' launchd.
    Launchd,
    /// A task of Windows' Task Scheduler.
    TaskScheduler,
}

/// That of this system.
pub const SERVICE_MANAGER: ServiceManager = if cfg!(windows) {
    ServiceManager::TaskScheduler
} else if cfg!(target_vendor = "apple") {
    ServiceManager::Launchd
} else {
    ServiceManager::Systemd
};

/// A signal that a process may watch or send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// The system or another program asks the process to end; on Windows also Ctrl-Break.
    Terminate,
    /// The terminal is gone.
    Hangup,
    /// Ctrl-\.
    Quit,
    /// For the program's own use.
    User1,
    /// For the program's own use.
    User2,
    /// The process was stopped and goes on.
    Continue,
    /// Ctrl-Z.
    TerminalStop,
    /// The terminal has another size.
    WindowChange,
}

/// Something that takes bytes without ever waiting inside a write.
pub trait Sink: Send + Sync + 'static {
    /// Takes some of `bytes`, or answers `WouldBlock`.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Waits until it takes more, no longer than `limit`.
    fn wait(&self, limit: Duration);
    /// Discards what has been taken and not been shown yet, where the system can.
    fn discard(&self);
    /// Whether another program has had it meanwhile, as far as that can be seen: what it shows now may be that program's.
    fn is_elsewhere(&self) -> bool;
}

/// What a pipe has for its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), expect(dead_code, reason = "the read itself waits there, and says what came of it"))]
pub enum Ready {
    /// There is something to read.
    Bytes,
    /// Its writers are gone.
    Closed,
    /// Nothing came in time.
    TimedOut,
}
