//! Parses, runs, and maps the kind of a failure to an exit code.

use std::process::ExitCode;

use codex_account_manager::cli;

fn main() -> ExitCode {
    ExitCode::from(cli::main())
}
