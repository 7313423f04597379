//! zsh: it quotes what it inserts itself, and shows what each candidate is.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::env::EnvCompleter;

use super::candidates;
use super::quoting::{Open, quoted};

/// The shell.
pub struct Zsh;

/// It may be sourced, or lie in a folder of `fpath`. The words go over as the program would get them; in quotes `PREFIX` is
/// what stands behind them.
const SCRIPT: &str = r#"#compdef COMMAND
_complete_NAME() {
    local current line
    local -a found closed open
    case ${compstate[quote]} in
        \') current=$PREFIX ;;
        \") current=${(Q):-\"$PREFIX\"} ;;
        *) current=${(Q)PREFIX} ;;
    esac
    found=("${(@f)$(
        VARIABLE=zsh COMPLETER -- "${(@Q)words[1,CURRENT-1]}" "$current" 2>/dev/null
    )}")
    for line in $found; do
        if [[ ${line%%$'\t'*} == *[=/] ]]; then
            open+=("${line#*$'\t'}")
        else
            closed+=("${line#*$'\t'}")
        fi
    done
    (( $#closed )) && _describe -V 'value' closed
    (( $#open )) && _describe -V 'value' open -S ''
}
if [[ ${funcstack[1]} == _COMMAND ]]; then
    _complete_NAME "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
    compdef _complete_NAME COMMAND
fi
"#;

impl EnvCompleter for Zsh {
    fn name(&self) -> &'static str {
        "zsh"
    }

    fn is(&self, name: &str) -> bool {
        name == "zsh"
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let completer = quoted(completer, Open::Single);
        buf.write_all(super::filled(SCRIPT, [name, var, bin, &completer]).as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let last = words.len() - 1;
        for (value, help) in candidates(command, words, last, folder)? {
            // The plain value, and then what `_describe` takes: in a value it reads `\` and `:`.
            let described = value.replace('\\', r"\\").replace(':', r"\:");
            let colon = if help.is_empty() { "" } else { ":" };
            writeln!(buf, "{value}\t{described}{colon}{help}")?;
        }
        Ok(())
    }
}
