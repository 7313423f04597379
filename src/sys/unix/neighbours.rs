//! Other programs of a person's: where they keep their settings, and what writes a file out.

use std::path::{Path, PathBuf};

/// A program and its arguments that write a file to stdout; the file follows them.
pub const PRINT_FILE: (&str, &[&str]) = ("cat", &[]);

/// The folder of Zed's settings, from the home and from where the system keeps configurations.
pub fn zed(home: &Path, configurations: &Path) -> PathBuf {
    if cfg!(target_os = "macos") { home.join(".config/zed") } else { configurations.join("zed") }
}

/// What PowerShell runs when it starts.
pub fn powershell_profiles(home: &Path) -> Vec<PathBuf> {
    vec![home.join(".config/powershell/Microsoft.PowerShell_profile.ps1")]
}
