//! The product under strace, which counts its system calls and makes one of them fail.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::Sandbox;
use super::sandbox::BINARY;

/// The product with these words. Where there are `paths`, what touches none of them is let by; `fault` is done to one
/// call, such as `fsync:error=EIO:when=1`.
pub fn command(sandbox: &Sandbox, paths: &[PathBuf], fault: Option<&str>, words: &[&str]) -> Command {
    let mut command = sandbox.program("strace");
    command.args(["-f", "-y", "-qq", "-o"]).arg(sandbox.path("trace"));
    for path in paths {
        command.arg("-P").arg(path);
    }
    command.args(fault.map(|fault| format!("--inject={fault}")));
    command.arg(BINARY).args(words).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// How often each call was made in the last run by the thread that made most of it: strace counts for each thread alone.
pub fn counts(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let trace = trace(sandbox);
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        if let Some((call, _)) = call.trim_start().split_once('(') {
            *counts.entry((call, thread)).or_default() += 1;
        }
    }
    let mut most: BTreeMap<String, usize> = BTreeMap::new();
    for ((call, _), count) in counts {
        let most = most.entry(call.to_owned()).or_default();
        *most = count.max(*most);
    }
    most
}

/// Whether the fault of the last run came.
pub fn fault_came(sandbox: &Sandbox) -> bool {
    let trace = trace(sandbox);
    trace.contains("INJECTED") || trace.contains("+++ killed by SIGKILL")
}

/// Whether the fault of the last run failed a wake-up between threads. No disk does that, and whoever is not woken hangs.
pub fn failed_a_wake_up(sandbox: &Sandbox) -> bool {
    let trace = trace(sandbox);
    let mut is_wake_up: BTreeMap<&str, bool> = BTreeMap::new();
    trace.lines().any(|line| {
        let Some((thread, call)) = line.split_once(' ') else { return false };
        if !call.contains(" resumed>") {
            is_wake_up.insert(thread, call.contains("[eventfd]"));
        }
        call.contains("INJECTED") && is_wake_up.get(thread) == Some(&true)
    })
}

/// A process that was killed at its very first call may have left none.
fn trace(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.path("trace")).unwrap_or_default()
}
