//! Processes: how one ends. There is no signal to send, and no process becomes another.

use std::io;
use std::process::ExitStatus;

use tokio::process::{Child, Command};

use crate::sys::Signal;

/// The last eight bits of the code.
pub fn exit_code(status: ExitStatus) -> u8 {
    status.code().map_or(1, |code| u8::try_from(code & 0xff).unwrap_or(1))
}

/// Ctrl-C reaches the child by itself: it shares our console.
pub fn pass_on(_: &Child, _: Signal) {}

/// Ends `child`: it cannot be asked.
pub fn ask_to_end(child: &mut Child) {
    let _ = child.start_kill();
}

/// Nothing to do.
pub fn apart_from_terminal(_: &mut Command) {}

/// There is no such thing.
pub fn become_program(_: &mut std::process::Command) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "not on this system")
}

/// There is nothing to ask for.
pub fn harden() -> Vec<io::Error> {
    Vec::new()
}
