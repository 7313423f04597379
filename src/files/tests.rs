//! What tests ask of files, on every system.

use std::path::Path;

use crate::sys;

/// Fails unless what is at `path`, no link followed, has this mode. Where lists say who reaches a file, the one whose mode is its
/// owner's alone must be so by its list.
#[track_caller]
pub fn check_mode(path: &Path, expected: u32) {
    let mode = sys::files::mode(&std::fs::symlink_metadata(path).unwrap());
    let found = mode.unwrap_or(expected);
    assert_eq!(found, expected, "{} has mode {found:o}, not {expected:o}", path.display());
    let others = sys::files::others(path).unwrap().unwrap_or_default();
    assert!(expected & 0o077 != 0 || others.is_empty(), "{} can be reached by {others:?}", path.display());
}

/// Makes a pipe at `path`, into which nobody writes yet.
#[cfg(unix)]
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "the standard library makes no pipe that has a name")]
pub fn make_pipe(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}
