//! Processes: how one ends, and what dies with this one. There is no signal to send, and no process becomes another.

use std::io;
use std::os::windows::io::OwnedHandle;
use std::process::ExitStatus;

use tokio::process::{Child, Command};
use windows_sys::Win32::System::Threading::CREATE_NEW_PROCESS_GROUP;

use super::calls;
use crate::sys::Signal;

/// Variables without which a program cannot do much: no socket can be opened without the first.
pub const NEEDED_VARIABLES: &[&str] = &["SystemRoot", "SystemDrive", "windir", "TEMP", "TMP", "USERPROFILE"];

/// Its code, all 32 bits of it: a crash has a number whose last eight may be 0.
pub fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(1)
}

/// Whether another spelling is another variable.
pub const VARIABLES_HAVE_CASE: bool = false;

/// What the console and the system ask reaches the child by itself.
pub fn pass_on(_: &Child, _: Signal) {}

/// Ends `child`: it cannot be asked.
pub fn ask_to_end(child: &mut Child) {
    let _ = child.start_kill();
}

/// Ctrl-C in our console does not reach the child.
pub fn apart_from_terminal(command: &mut Command) {
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
}

/// While this lasts, the death of this process is that of all that it starts: whoever ends it cannot ask it to end them first.
#[must_use = "what is started before it is not bound"]
pub struct Bound(Option<OwnedHandle>);

impl Bound {
    /// Binds what is started from now on.
    pub fn begin() -> Bound {
        let bound = calls::job().and_then(|job| calls::end_with_us(&job, true).map(|()| job));
        Bound(bound.inspect_err(|error| tracing::warn!("the command will outlive this process: {error}")).ok())
    }
}

impl Drop for Bound {
    /// What the command has left behind may go on.
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.as_ref().map(|job| calls::end_with_us(job, false)) {
            tracing::debug!("what the command left behind ends now: {error}");
        }
    }
}

/// There is no such thing.
pub fn become_program(_: &mut std::process::Command) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "not on this system")
}

/// Asks for no memory in the reports of crashes. What the system refused.
pub fn harden() -> Vec<io::Error> {
    calls::report_without_memory().err().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test starts processes that end")]
    fn an_end_keeps_all_of_its_code() {
        for code in [0, 7, 256, -1_073_741_819] {
            let status =
                std::process::Command::new("cmd").args(["/d", "/c", &format!("exit {code}")]).status().unwrap();
            assert_eq!(exit_code(status), code);
        }
    }
}
