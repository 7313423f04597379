//! Where the binary under test is.

use std::io;
use std::path::{Path, PathBuf};

use codex_account_manager::env::Environment;

/// The binary as it is shipped: `CAM_BENCH_BINARY`, or what `cargo build --profile dist` leaves.
///
/// # Errors
///
/// When it is not there; the message says how to make it.
pub fn find(environment: &Environment) -> io::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = root.join(environment.get("CARGO_TARGET_DIR").unwrap_or("target"));
    let built = target.join("dist").join(format!("codex-account-manager{}", std::env::consts::EXE_SUFFIX));
    let path = environment.get("CAM_BENCH_BINARY").map_or(built, PathBuf::from);
    if path.is_file() {
        return Ok(path);
    }
    let path = path.display();
    Err(io::Error::other(format!(
        "no binary at `{path}`\nhint: run `cargo build --profile dist`, or set CAM_BENCH_BINARY"
    )))
}
