//! Processes seen from outside: signals, and what `/proc` tells.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

/// Sends `signal` to `pid`; whether there was such a process.
pub fn signal(pid: u32, signal: Signal) -> bool {
    kill_process(number(pid), signal).is_ok()
}

/// Whether there is such a process, a zombie included.
pub fn exists(pid: u32) -> bool {
    test_kill_process(number(pid)).is_ok()
}

/// Whether it runs: a zombie, which waits for its parent alone, does not.
pub fn runs(pid: u32) -> bool {
    exists(pid) && status(pid, "State").is_none_or(|state| !state.starts_with('Z'))
}

/// Whether the system shows its processes in `/proc`; says so where it does not.
pub fn are_shown() -> bool {
    let are_shown = std::path::Path::new("/proc/self/status").exists();
    if !are_shown {
        super::missing("there is no `/proc` to look at");
    }
    are_shown
}

/// A line of `/proc/PID/status`; `None` when there is no such process or no such file system.
pub fn status(pid: u32, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

/// The resident memory in KiB.
pub fn resident_kib(pid: u32) -> Option<u64> {
    status(pid, "VmRSS")?.split_whitespace().next()?.parse().ok()
}

/// Waits for the end of `child`; how it ended and how long that took. Killed when `limit` has passed.
pub fn end_within(child: &mut Child, limit: Duration) -> Option<(ExitStatus, Duration)> {
    let started = Instant::now();
    let ended = super::within(limit, || child.try_wait().unwrap());
    if ended.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    ended.map(|status| (status, started.elapsed()))
}

/// Kills what is left of the group of a process that has ended.
pub fn kill_group(leader: u32) {
    // There may be none left.
    let _ = kill_process_group(number(leader), Signal::KILL);
}

fn number(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}
