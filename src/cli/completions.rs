//! `completions`: what a shell reads once so that it completes, and the manual.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::help::Example;
use super::printer::Printer;
use super::{complete, program};
use crate::error::{Error, ErrorKind};

/// Examples in its help.
pub const EXAMPLES: &[Example] =
    &[("completions bash", "print the script for bash"), ("completions fish | source", "complete in this fish")];

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell whose script is printed
    #[arg(required_unless_present = "man", value_parser = PossibleValuesParser::new(complete::shells()))]
    shell: Option<String>,
    /// Write the manual pages of every command into this folder instead
    #[arg(long, value_name = "DIR", conflicts_with = "shell")]
    man: Option<PathBuf>,
}

/// Prints the script, or writes the manual.
pub fn run(args: &CompletionsArgs) -> Result<u8, Error> {
    let name = program::name();
    if let Some(folder) = &args.man {
        write_manual(folder, &name).map_err(|error| {
            Error::because(ErrorKind::Internal, format!("`{}` cannot be written", folder.display()), error)
                .hint("give a folder that you may write to, such as `~/.local/share/man/man1`")
        })?;
        Printer::stdout(&format!("Wrote the manual to {}; `{name}.1` is its first page", folder.display()));
        return Ok(0);
    }
    let script = args.shell.as_deref().and_then(|shell| complete::registration(shell, &name));
    Printer::stdout(&script.ok_or_else(|| Error::new(ErrorKind::Internal, "the script cannot be written"))?);
    Ok(0)
}

/// One page a command.
#[expect(clippy::disallowed_methods, reason = "the manual is written here")]
fn write_manual(folder: &Path, name: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(program::command(name), folder)?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let file = entry.file_name().into_string().unwrap_or_default();
        if file.starts_with(name) && file.ends_with(".1") {
            let page = std::fs::read_to_string(entry.path())?;
            let named = with_headings(&page);
            if named != page {
                std::fs::write(entry.path(), named)?;
            }
        }
    }
    Ok(())
}

/// `page` with a heading of its own for what stands at the end of the help, which is `EXTRA` otherwise.
fn with_headings(page: &str) -> String {
    page.replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n").replace(".SH EXTRA\nEnvironment:\n", ".SH ENVIRONMENT\n")
}
