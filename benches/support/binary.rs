//! Where the binary under test is.

use std::io;
use std::path::PathBuf;

use super::system;

/// `CAM_BIN`, or what Cargo built beside this bench and with its profile.
///
/// # Errors
///
/// When it is not there.
pub fn find() -> io::Result<PathBuf> {
    let built = || env!("CARGO_BIN_EXE_codex-account-manager").to_owned();
    let path = PathBuf::from(system::variable("CAM_BIN").unwrap_or_else(built));
    if path.is_file() { Ok(path) } else { Err(io::Error::other(format!("no binary at `{}`", path.display()))) }
}
