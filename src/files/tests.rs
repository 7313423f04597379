//! What tests ask of files, on every system, and what holds for the halves of each.

use std::fs::{self, File};
use std::path::Path;

use crate::sys;

/// Fails unless what is at `path`, no link followed, has this mode. Where lists say who reaches a file, the one whose mode is its
/// owner's alone must be so by its list.
#[track_caller]
pub fn check_mode(path: &Path, expected: u32) {
    let mode = sys::files::mode(&fs::symlink_metadata(path).unwrap());
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

#[test]
#[expect(clippy::disallowed_methods, reason = "the test makes files of its own")]
fn names_of_one_file_have_one_identity() {
    use sys::files::{exchange, identity, identity_of, names};
    let home = tempfile::tempdir().unwrap();
    let [one, other, another] = ["one", "other", "another"].map(|name| home.path().join(name));
    fs::write(&one, "1").unwrap();
    fs::write(&another, "2").unwrap();
    fs::hard_link(&one, &other).unwrap();
    let of = |path: &Path| identity(path, &fs::metadata(path).unwrap()).unwrap();
    assert_eq!(of(&one), of(&other));
    assert_ne!(of(&one), of(&another));
    assert_ne!(of(home.path()), of(&one), "a folder has one too");
    assert_eq!(identity_of(&File::open(&other).unwrap()).unwrap(), of(&one));
    assert_eq!([&one, &another].map(|path| names(path, &fs::metadata(path).unwrap())), [2, 1]);
    if let Some(done) = exchange(&one, &another) {
        done.unwrap();
        assert_eq!(fs::read_to_string(&one).unwrap(), "2");
    }
}
