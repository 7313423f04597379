//! Processes: how one ends, what a child becomes, and what the system is asked for this one.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::ExitStatus;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, kill_process, setrlimit};
use tokio::process::{Child, Command};

use super::signals::raw;
use crate::sys::Signal;

/// Two for each stream, with room to spare.
const MANY_FILES: u64 = 8_192;

/// Variables without which a program cannot do much.
pub const NEEDED_VARIABLES: &[&str] = &[];

/// A shell's spelling of how a process ended: its code, or 128 and the signal that ended it.
pub fn exit_code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}

/// Whether another spelling is another variable.
pub const VARIABLES_HAVE_CASE: bool = true;

/// Passes a signal of this process on to `child`. A terminal's Ctrl-C reaches it by itself: it is in our process group.
pub fn pass_on(child: &Child, signal: Signal) {
    let from_terminal = matches!(signal, Signal::Interrupt | Signal::Quit) && rustix::termios::isatty(std::io::stdin());
    if !from_terminal && let Err(error) = send(child, signal) {
        tracing::debug!("the signal was not sent to the command: {error}");
    }
}

/// Asks `child` to end; it may have ended already.
pub fn ask_to_end(child: &mut Child) {
    let _ = send(child, Signal::Terminate);
}

fn send(child: &Child, signal: Signal) -> io::Result<()> {
    let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    pid.map_or(Ok(()), |pid| Ok(kill_process(pid, raw(signal))?))
}

/// The signals of our terminal do not reach the child.
pub fn apart_from_terminal(command: &mut Command) {
    command.process_group(0);
}

/// What is started while this lasts is not bound to this process: whoever ends it does so by a signal, which is passed on.
#[must_use = "what is started before it is not bound"]
pub struct Bound;

impl Bound {
    /// Nothing to do.
    pub fn begin() -> Bound {
        Bound
    }
}

/// This process becomes the command; returns only when it cannot.
pub fn become_program(command: &mut std::process::Command) -> io::Error {
    command.exec()
}

/// Asks for no core files, for no reading of this process's memory by others, and for enough open files for many streams.
/// What the system refused.
pub fn harden() -> Vec<io::Error> {
    let mut refused = Vec::new();
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        refused.extend(set_dumpable_behavior(DumpableBehavior::NotDumpable).err());
    }
    refused.extend(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).err());
    let files = getrlimit(Resource::Nofile);
    let wanted = files.maximum.map_or(MANY_FILES, |most| most.min(MANY_FILES));
    if files.current.is_some_and(|current| current < wanted) {
        refused.extend(setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: files.maximum }).err());
    }
    refused.into_iter().map(io::Error::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the test starts processes that end")]
    async fn an_end_is_spelled_as_shells_do() {
        for (script, expected) in [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143)] {
            let status = std::process::Command::new("sh").args(["-c", script]).status().unwrap();
            assert_eq!(exit_code(status), expected, "{script}");
        }
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        ask_to_end(&mut child);
        assert_eq!(exit_code(child.wait().await.unwrap()), 143);
    }
}
