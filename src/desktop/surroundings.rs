//! Where the person is. A browser that this process opens is of use only where the person sits in front of this machine.

use std::fmt;

use super::{opener, wsl};
use crate::env::Environment;

/// Why a browser that is opened here would not be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// The terminal is at another machine.
    Ssh,
    /// There is no display.
    NoDisplay,
    /// In WSL nothing reaches the browser of Windows.
    NoOpener,
}

impl fmt::Display for Away {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Away::Ssh => "this session is over SSH",
            Away::NoDisplay => "this machine has no display",
            Away::NoOpener => "no program that opens a browser was found",
        })
    }
}

/// Why a browser here would not be seen; `None` where it would.
pub fn away(environment: &Environment) -> Option<Away> {
    let has_desktop = opener::of_the_system(environment).is_some();
    let is_wsl = !has_desktop && wsl::is_wsl(environment);
    judge(environment, has_desktop, is_wsl.then(|| opener::is_any(environment)))
}

/// `wsl` says whether an opener was found there. A desktop that is always there needs no variable to name its display.
fn judge(environment: &Environment, has_desktop: bool, wsl: Option<bool>) -> Option<Away> {
    let is_set = |name: &&str| environment.get(name).is_some();
    if ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].iter().any(is_set) {
        return Some(Away::Ssh);
    }
    match wsl {
        // The browser is Windows' own, whatever displays Linux has.
        Some(true) => None,
        Some(false) => Some(Away::NoOpener),
        None if has_desktop || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(is_set) => None,
        None => Some(Away::NoDisplay),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_seen_only_where_the_person_sits() {
        let display = ("DISPLAY", ":0");
        for (variables, has_desktop, wsl, expected) in [
            (&[display][..], false, None, None),
            (&[("WAYLAND_DISPLAY", "wayland-0")], false, None, None),
            (&[], false, None, Some(Away::NoDisplay)),
            (&[("DISPLAY", "")], false, None, Some(Away::NoDisplay)),
            (&[], true, None, None),
            (&[("SSH_CONNECTION", "10.0.0.1 5 10.0.0.2 22"), display], false, None, Some(Away::Ssh)),
            (&[("SSH_CLIENT", "10.0.0.1 5 22")], true, None, Some(Away::Ssh)),
            (&[("SSH_TTY", "/dev/pts/9")], false, Some(true), Some(Away::Ssh)),
            (&[], false, Some(true), None),
            (&[], false, Some(false), Some(Away::NoOpener)),
            (&[display], false, Some(false), Some(Away::NoOpener)),
        ] {
            let environment: Environment =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(judge(&environment, has_desktop, wsl), expected, "{variables:?} {has_desktop} {wsl:?}");
        }
    }
}
