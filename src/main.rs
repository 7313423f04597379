//! Parses, runs, and maps the kind of a failure to an exit code.

use std::process::ExitCode;

use codex_account_manager::cli;
use codex_account_manager::hardening::Wiping;

/// A program has one allocator, so it is chosen here and not in the library.
#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

fn main() -> ExitCode {
    ExitCode::from(cli::main())
}
