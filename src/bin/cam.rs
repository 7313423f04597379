//! `cam`: the same program under a name that is short to type.

use std::process::ExitCode;

use codex_account_manager::cli;
use codex_account_manager::hardening::Wiping;

/// As in the long name's program.
#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

fn main() -> ExitCode {
    ExitCode::from(cli::main())
}
