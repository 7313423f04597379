//! How much memory a process holds, as Linux tells it.
#![expect(clippy::disallowed_methods, reason = "these files are the kernel's answers")]

/// The sum of these lines of the kernel's account of the process, in MB: `Rss:` is what is resident, `VmHWM:` the most that
/// ever was, `Private_Clean:` and `Private_Dirty:` what would be free if it ended. `None` where there is no `/proc`.
pub fn megabytes(pid: u32, names: &[&str]) -> Option<f64> {
    let file = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}"));
    let text = file("smaps_rollup").ok()? + &file("status").ok()?;
    let lines = text.lines().filter(|line| names.iter().any(|name| line.starts_with(name)));
    let kilobytes: Option<f64> = lines.map(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()).sum();
    kilobytes.map(|kilobytes| kilobytes / 1024.0)
}
