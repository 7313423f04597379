//! The environment and other programs. A bench does not link the product for them: the minimal proxy, which is the
//! same program, would be no smaller than ours.
#![expect(clippy::disallowed_methods, reason = "this file is what a bench has for the product's wrappers")]

use std::ffi::OsStr;
use std::process::Command;

/// Another program, ready to be given arguments.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    Command::new(name)
}

/// A variable of the environment; `None` when it is not set or not text.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
