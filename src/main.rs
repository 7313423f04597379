//! Parses, runs, and maps the kind of a failure to an exit code.

use codex_account_manager::cli;
use codex_account_manager::hardening::Wiping;

/// A program has one allocator, so it is chosen here and not in the library.
#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

#[expect(clippy::disallowed_methods, reason = "the end of the process, with a code that `ExitCode` has no room for")]
fn main() {
    std::process::exit(cli::main())
}
