//! Other programs of a person's: where they keep their settings, and what writes a file out.

use std::path::{Path, PathBuf};

/// A program and its arguments that write a file to stdout; the file follows them.
pub const PRINT_FILE: (&str, &[&str]) = ("cmd", &["/d", "/c", "type"]);

/// The folder of Zed's settings, from the home and from where the system keeps configurations.
pub fn zed(_: &Path, configurations: &Path) -> PathBuf {
    configurations.join("Zed")
}

/// What PowerShell 7 runs when it starts.
pub fn powershell_profile(home: &Path) -> PathBuf {
    home.join("Documents\\PowerShell\\Microsoft.PowerShell_profile.ps1")
}
