//! How long things may take. What takes minutes runs where `CAM_TEST_LONG=1` is set, beside the other tests.

mod answers;
mod clients;
mod vanished;

use crate::support::not_run;

/// Whether tests that take minutes are asked for. One that is not run says so.
#[must_use = "a test that is not asked for has to end"]
fn has_time(minutes: &str) -> bool {
    let has_time = std::env::var_os("CAM_TEST_LONG").is_some_and(|value| value == "1");
    if !has_time {
        not_run(&format!("it takes {minutes}; `CAM_TEST_LONG=1` runs it"));
    }
    has_time
}
