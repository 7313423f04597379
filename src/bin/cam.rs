//! `cam`: the same program under a name that is short to type.

use codex_account_manager::cli;
use codex_account_manager::hardening::Wiping;

/// As in the long name's program.
#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

#[expect(clippy::disallowed_methods, reason = "the end of the process, with a code that `ExitCode` has no room for")]
fn main() {
    std::process::exit(cli::main())
}
