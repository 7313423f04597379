//! `cam`: the same program under a name that is short to type.

use std::process::ExitCode;

use codex_account_manager::cli;

fn main() -> ExitCode {
    ExitCode::from(cli::main())
}
