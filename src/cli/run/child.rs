//! The command as a child: it has our streams, gets our signals, and its end is ours.

use std::io::ErrorKind as IoErrorKind;

use tokio::process::{Child, Command};

use crate::cli::printer::Printer;
use crate::error::{Error, ErrorKind};
use crate::sys::signals::Signals;
use crate::sys::{Signal, processes, programs};

/// Not found, as a shell says it.
pub const NOT_FOUND: i32 = 127;

/// Found, but it cannot be executed.
pub const NOT_EXECUTABLE: i32 = 126;

/// The signals that a command is sent through us.
const PASSED_ON: [Signal; 6] =
    [Signal::Interrupt, Signal::Terminate, Signal::Hangup, Signal::Quit, Signal::User1, Signal::User2];

/// Runs it to its end; its exit code, or 128 and the signal that ended it.
pub async fn run(mut command: Command) -> Result<i32, Error> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let signals = Signals::watch_possible(&PASSED_ON);
    let _bound = processes::Bound::begin();
    let child = match command.kill_on_drop(true).spawn() {
        Ok(child) => child,
        Err(error) => {
            let missing = matches!(error.kind(), IoErrorKind::NotFound | IoErrorKind::NotADirectory);
            let hint = match error.kind() {
                _ if missing => "check its name and `PATH`",
                // A batch file gets its arguments by way of `cmd.exe`, which reads some of them as something else.
                IoErrorKind::InvalidInput if programs::is_batch(&name) => {
                    "it is a batch file, which cannot be given one of these arguments as it is, such as one with a line break: pass \
                     that in a file or on stdin, or start the program behind it, as in `node SCRIPT.js`"
                }
                _ => "check that it is a program you may execute",
            };
            Printer::error(&Error::because(ErrorKind::Internal, format!("`{name}` cannot be run"), error).hint(hint));
            return Ok(if missing { NOT_FOUND } else { NOT_EXECUTABLE });
        }
    };
    wait(child, signals).await
}

async fn wait(mut child: Child, mut signals: Signals) -> Result<i32, Error> {
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
