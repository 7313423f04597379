//! The command as a child: it has our streams, gets our signals, and its end is ours.

use std::io::ErrorKind as IoErrorKind;

use tokio::process::{Child, Command};

use crate::cli::printer::Printer;
use crate::error::{Error, ErrorKind};
use crate::sys::signals::Signals;
use crate::sys::{Signal, processes};

/// Not found, as a shell says it.
pub const NOT_FOUND: u8 = 127;

/// Found, but it cannot be executed.
pub const NOT_EXECUTABLE: u8 = 126;

/// The signals that a command is sent through us.
const PASSED_ON: [Signal; 6] =
    [Signal::Interrupt, Signal::Terminate, Signal::Hangup, Signal::Quit, Signal::User1, Signal::User2];

/// Runs it to its end; its exit code, or 128 and the signal that ended it.
pub async fn run(mut command: Command) -> Result<u8, Error> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let signals = Signals::watch_possible(&PASSED_ON);
    let child = match command.kill_on_drop(true).spawn() {
        Ok(child) => child,
        Err(error) => {
            let missing = matches!(error.kind(), IoErrorKind::NotFound | IoErrorKind::NotADirectory);
            let hint = if missing { "check its name and `PATH`" } else { "check that it is a program you may execute" };
            Printer::error(&Error::because(ErrorKind::Internal, format!("`{name}` cannot be run"), error).hint(hint));
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
                processes::pass_on(&child, signal);
                continue;
            }
        };
        let status =
            status.map_err(|error| Error::because(ErrorKind::Internal, "the command cannot be waited for", error))?;
        return Ok(processes::exit_code(status));
    }
}
