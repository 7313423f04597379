//! fish: it quotes what it inserts itself; the word at the cursor comes as it was typed.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use clap::Command;

use super::quoting::unquoted;
use super::shell::{Shell, candidates};

/// The shell.
pub const FISH: Shell =
    Shell { name: "fish", script: SCRIPT, quoted: |path| path.replace('\\', r"\\").replace('\'', r"\'"), lines };

const SCRIPT: &str = r"function __complete_NAME
    set -lx VARIABLE fish
    COMPLETER -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token --cut-at-cursor) 2>/dev/null
end
complete --command COMMAND --no-files --keep-order --arguments '(__complete_NAME)'
";

fn lines(command: &mut Command, words: &[OsString], folder: Option<&Path>) -> io::Result<Vec<String>> {
    let (mut words, last) = (words.to_vec(), words.len() - 1);
    words[last] = unquoted(&words[last].to_string_lossy()).0.into();
    let found = candidates(command, words, last, folder)?;
    Ok(found.into_iter().map(|(value, help)| format!("{value}\t{help}")).collect())
}
