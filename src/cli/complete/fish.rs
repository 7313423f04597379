//! fish: it quotes what it inserts itself; the word at the cursor comes as it was typed.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::env::EnvCompleter;

use super::candidates;
use super::quoting::unquoted;

/// The shell.
pub struct Fish;

const SCRIPT: &str = r"function __complete_NAME
    set -lx VARIABLE fish
    COMPLETER -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token --cut-at-cursor) 2>/dev/null
end
complete --command COMMAND --no-files --keep-order --arguments '(__complete_NAME)'
";

impl EnvCompleter for Fish {
    fn name(&self) -> &'static str {
        "fish"
    }

    fn is(&self, name: &str) -> bool {
        name == "fish"
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let completer = completer.replace('\\', r"\\").replace('\'', r"\'");
        buf.write_all(super::filled(SCRIPT, [name, var, bin, &completer]).as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        mut words: Vec<OsString>,
        folder: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let last = words.len() - 1;
        words[last] = unquoted(&words[last].to_string_lossy()).0.into();
        for (value, help) in candidates(command, words, last, folder)? {
            writeln!(buf, "{value}\t{help}")?;
        }
        Ok(())
    }
}
