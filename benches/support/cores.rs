//! Which core does what: the load and the upstream share one, the proxy under test has the other to itself.

use std::ffi::OsStr;
use std::io;
use std::process::{Command, ExitStatus, Stdio};

use super::system;

/// The core of the load and the upstream.
const LOAD: usize = 0;
/// The core of the proxy under test.
pub const PROXY: usize = 1;

/// Whether processes can be bound to the two cores.
pub fn can_be_chosen() -> bool {
    [LOAD, PROXY].into_iter().all(|core| {
        let status = on(core, "true").stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    })
}

/// `program`, run on `core` alone. Its process is the one that is spawned.
pub fn on(core: usize, program: impl AsRef<OsStr>) -> Command {
    let mut command = system::program("taskset");
    command.arg("-c").arg(core.to_string()).arg(program);
    command
}

/// Runs this program again as the load, on its core where that can be chosen.
pub fn run_as_load(arguments: &[String]) -> io::Result<ExitStatus> {
    let program = std::env::current_exe()?;
    let mut command = if can_be_chosen() { on(LOAD, &program) } else { system::program(&program) };
    command.arg("load").args(arguments).status()
}
