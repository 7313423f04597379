//! zsh: it quotes what it inserts itself, and shows what each candidate is.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use clap::Command;

use super::quoting::{Open, quoted};
use super::shell::{Shell, candidates};

/// The shell.
pub const ZSH: Shell = Shell { name: "zsh", script: SCRIPT, quoted: |path| quoted(path, Open::Single), lines };

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

fn lines(command: &mut Command, words: &[OsString], folder: Option<&Path>) -> io::Result<Vec<String>> {
    let last = words.len() - 1;
    let line = |(value, help): (String, String)| {
        // The plain value, and then what `_describe` takes: in a value it reads `\` and `:`.
        let described = value.replace('\\', r"\\").replace(':', r"\:");
        let colon = if help.is_empty() { "" } else { ":" };
        format!("{value}\t{described}{colon}{help}")
    };
    Ok(candidates(command, words.to_vec(), last, folder)?.into_iter().map(line).collect())
}
