//! Other programs of a person's: where they keep their settings, and what writes a file out.

use std::path::{Path, PathBuf};

/// A program and its arguments that write a file to stdout; the file follows them.
/// `type` would be one of `cmd`'s own words, and `cmd` reads `&` and `^` in a path as something else.
pub const PRINT_FILE: (&str, &[&str]) = ("findstr", &["."]);

/// The folder of Zed's settings, from the home and from where the system keeps configurations.
pub fn zed(_: &Path, configurations: &Path) -> PathBuf {
    configurations.join("Zed")
}

/// What PowerShell runs when it starts: version 7, and version 5 that comes with Windows. The folder of documents may have been
/// moved, such as into `OneDrive`.
pub fn powershell_profiles(home: &Path) -> Vec<PathBuf> {
    let documents = directories::UserDirs::new().and_then(|folders| folders.document_dir().map(Path::to_owned));
    let documents = documents.unwrap_or_else(|| home.join("Documents"));
    let profile = |version: &str| documents.join(version).join("Microsoft.PowerShell_profile.ps1");
    ["PowerShell", "WindowsPowerShell"].map(profile).to_vec()
}
