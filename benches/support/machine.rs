//! When and where something was measured, for whoever reads the figures later.
#![expect(clippy::disallowed_methods, reason = "the kernel names the processor in a file")]

use super::system;

/// The date, the processor, how many cores, and how busy the machine is with other work.
pub fn here() -> String {
    let date = system::program("date").arg("+%F").output().map(|output| output.stdout).unwrap_or_default();
    let date = String::from_utf8_lossy(&date);
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    // Not those that this process may use: the load is bound to one.
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let model = model.map_or(std::env::consts::ARCH, |(_, model)| model);
    format!("{}, {model}, {cores} cores, load {load}", date.trim())
}
