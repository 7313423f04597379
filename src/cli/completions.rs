//! `completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::printer::Printer;

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Writes the script.
pub fn run(args: &CompletionsArgs) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "codex-account-manager", &mut script);
    Printer::stdout(&String::from_utf8_lossy(&script));
    0
}
