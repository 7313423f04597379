//! A shell whose script and candidates are written here, since `clap_complete` does not read or write its quoted words.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::engine::CompletionCandidate;
use clap_complete::env::EnvCompleter;

/// What a shell that asks sets; its value is the name of the shell.
pub const VARIABLE: &str = "CAM_COMPLETE";

type Lines = fn(&mut Command, &[OsString], Option<&Path>) -> io::Result<Vec<String>>;

/// One shell.
pub struct Shell {
    /// What it is called.
    pub name: &'static str,
    /// What it reads once; `NAME`, `VARIABLE`, `COMMAND` and `COMPLETER` are replaced.
    pub script: &'static str,
    /// A path as it stands within single quotes.
    pub quoted: fn(&str) -> String,
    /// The lines that answer the words of a command line, of which the cursor is in the last.
    pub lines: Lines,
}

impl EnvCompleter for Shell {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is(&self, name: &str) -> bool {
        name == self.name
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let script = self.script.replace("NAME", name).replace("VARIABLE", var).replace("COMMAND", bin);
        let completer = format!("'{}'", (self.quoted)(completer));
        buf.write_all(script.replace("COMPLETER", &completer).as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        (self.lines)(command, &words, folder)?.iter().try_for_each(|line| writeln!(buf, "{line}"))
    }
}

/// What may stand at word `index`, the first line of help with each. What a shell would take for two lines is left out.
pub fn candidates(
    command: &mut Command,
    words: Vec<OsString>,
    index: usize,
    folder: Option<&Path>,
) -> io::Result<Vec<(String, String)>> {
    let found = clap_complete::engine::complete(command, words, index, folder)?;
    let described = |candidate: CompletionCandidate| {
        let value = candidate.get_value().to_str()?.to_owned();
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.lines().next().unwrap_or_default().replace(char::is_control, " ");
        (!value.contains(char::is_control)).then_some((value, help))
    };
    Ok(found.into_iter().filter_map(described).collect())
}
