//! What every test stands on: a home of its own, the clients, the simulated upstream, and a few ways to wait.

#[macro_use]
pub mod snapshot;
pub mod company;
pub mod conversation;
pub mod http;
pub mod keys;
pub mod logins;
pub mod process;
pub mod running;
pub mod sandbox;
pub mod screen;
#[cfg(target_os = "linux")]
pub mod service;
pub mod sidecar;
pub mod strace;
pub mod terminal;
pub mod tools;
pub mod transcript;
pub mod upstream;
pub mod websocket;

use std::io::Write;
use std::time::{Duration, Instant};

pub use running::Running;
pub use sandbox::Sandbox;
pub use sidecar::{RpcError, Sidecar};
pub use upstream::Pool;

/// How long anything may take that promises no time: the machine may be busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again until `look` finds something.
#[track_caller]
pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, look).unwrap_or_else(|| panic!("it did not come to this in {PATIENCE:?}: {what}"))
}

/// The same with a limit, `None` when it passed.
pub fn within<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        let begun = Instant::now();
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        // One that starts a process takes the processor from what it waits for.
        std::thread::sleep((begun.elapsed() * 3).clamp(Duration::from_millis(5), Duration::from_millis(200)));
    }
}

/// Whether everything is asked for, and not the sample that fits into every `cargo test`.
pub fn full() -> bool {
    std::env::var_os("CAM_TEST_FULL").is_some_and(|value| value == "1")
}

/// Whether `tool` is here. A user's machine may lack it, and the test then says so and ends; where `CI` is set that
/// is a failure.
#[must_use = "without the tool the test has to end"]
pub fn require(tool: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).any(|folder| folder.join(tool).is_file());
    if !found {
        missing(&format!("`{tool}` is not installed"));
    }
    found
}

/// Says why a test cannot run; where `CI` is set that is a failure.
pub fn missing(reason: &str) {
    assert!(std::env::var_os("CI").is_none_or(|value| value.is_empty()), "skipped in CI: {reason}");
    // Straight to the terminal: a skipped test must not read as a passed one.
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}

/// Whether tests that take minutes are asked for. One that is not run says so.
#[must_use = "a test that is not asked for has to end"]
pub fn has_time(minutes: &str) -> bool {
    let has_time = std::env::var_os("CAM_TEST_LONG").is_some_and(|value| value == "1");
    if !has_time {
        not_run(&format!("it takes {minutes}; `CAM_TEST_LONG=1` runs it"));
    }
    has_time
}

/// Says that a test is not run, because it is not asked for: it must not read as one that passed.
pub fn not_run(reason: &str) {
    let _ = writeln!(std::io::stderr(), "not run: {reason}");
}
