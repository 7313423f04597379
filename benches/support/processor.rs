//! How long a process has run, as Linux reports it.
#![expect(clippy::disallowed_methods, reason = "this file is the kernel's answer")]

/// Ticks in a second of the times in `/proc`, on every architecture that Rust runs on.
const TICKS: f64 = 100.0;

/// The processor time of all its threads, those that have ended included, in seconds; NaN where there is no `/proc`.
pub fn seconds(pid: u32) -> f64 {
    let ticks = || -> Option<f64> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in brackets may have blanks in it. What follows begins with the third field; the 14th and 15th are wanted.
        let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
        Some(fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?)
    };
    ticks().map_or(f64::NAN, |ticks| ticks / TICKS)
}
