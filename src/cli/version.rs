//! `version`: what exactly this program is, for a report of a fault.

use serde_json::{Value, json};

use super::Json;
use super::printer::Printer;
use super::program;
use crate::protocol::PROTOCOL_VERSION;
use crate::store::format::VERSION;

/// The version alone, as `Cargo.toml` has it.
const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// The commit it was built from; unknown in a debug build, and without a repository.
const COMMIT: Option<&str> = option_env!("CAM_BUILD_COMMIT");

/// The platform it was built for.
const TARGET: &str = env!("CAM_BUILD_TARGET");

/// The compiler, such as `rustc 1.89.0 (29483883e 2025-08-04)`.
const COMPILER: &str = env!("CAM_BUILD_RUSTC");

/// Prints it.
pub fn run(output: Json) -> u8 {
    if output.json {
        Printer::json(&facts());
    } else {
        let commit = COMMIT.unwrap_or("unknown");
        let rows = [
            ("commit", commit.to_owned()),
            ("target", TARGET.to_owned()),
            ("compiler", COMPILER.to_owned()),
            ("protocol", format!("version {PROTOCOL_VERSION}")),
            ("accounts file", format!("version {VERSION}")),
        ];
        let lines: Vec<String> = rows.iter().map(|(what, value)| format!("{what:<13}  {value}")).collect();
        Printer::stdout(&format!("{} {NUMBER}\n{}", program::name(), lines.join("\n")));
    }
    0
}

fn facts() -> Value {
    json!({
        "name": program::NAME,
        "version": NUMBER,
        "commit": COMMIT,
        "target": TARGET,
        "rustc": COMPILER,
        "protocolVersion": PROTOCOL_VERSION,
        "accountsFileVersion": VERSION,
    })
}
