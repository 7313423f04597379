//! Completion as the person types: the shell asks this program what may stand at the cursor. An answer takes no lock that a
//! session holds, no key and no network, and writes nothing but candidates.

mod bash;
mod fish;
mod quoting;
mod shell;
mod sources;
mod values;
mod zsh;

use std::io::Write;
use std::path::Path;

use clap_complete::env::{Elvish, Powershell, Shells};

use super::program;
use crate::env::{self, Environment};
use shell::VARIABLE;

/// The shells, ours where those of `clap_complete` do not read or write quoted words.
const SHELLS: Shells<'static> = Shells(&[&bash::BASH, &Elvish, &fish::FISH, &Powershell, &zsh::ZSH]);

/// Answers a shell. Whether one asked.
pub fn answer(environment: &Environment) -> bool {
    let Some(shell) = environment.get(VARIABLE).and_then(|shell| SHELLS.completer(shell)) else { return false };
    let words = env::arguments();
    let words = words.iter().position(|word| word == "--").map(|at| words[at + 1..].to_vec()).unwrap_or_default();
    if words.is_empty() {
        return false;
    }
    let mut command = values::attach(program::command(&program::name()), environment);
    let folder = env::working_directory();
    let mut answer = Vec::new();
    // A shell that gets an error would print it between the person's keys.
    let _ = shell
        .write_complete(&mut command, words, folder.as_deref().map(Path::new), &mut answer)
        .and_then(|()| std::io::stdout().write_all(&answer));
    true
}

/// The names of the shells.
pub fn shells() -> impl Iterator<Item = &'static str> {
    SHELLS.names()
}

/// What the shell reads once, so that it asks `name` from then on; `None` for a shell that is not among [`shells`].
pub fn registration(shell: &str, name: &str) -> Option<String> {
    let completer = completer(env::called_as().as_deref(), env::working_directory().as_deref());
    let identifier: String =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let mut script = Vec::new();
    let shell = SHELLS.completer(shell)?;
    shell.write_registration(VARIABLE, &identifier, name, completer.as_deref().unwrap_or(name), &mut script).ok()?;
    String::from_utf8(script).ok()
}

/// How the script calls this program: by the name that `PATH` has, or by its whole path.
fn completer(called: Option<&str>, folder: Option<&str>) -> Option<String> {
    let path = Path::new(called?);
    if path.components().count() <= 1 || path.is_absolute() {
        return called.map(str::to_owned);
    }
    Some(Path::new(folder?).join(path).to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_calls_the_program_as_the_person_does() {
        let home = std::env::temp_dir();
        let [bin, built] = ["bin/cam", "target/debug/cam"].map(|path| home.join(path).display().to_string());
        let home = home.to_str().unwrap();
        for (called, folder, expected) in [
            (Some("cam"), Some(home), Some("cam")),
            (Some(bin.as_str()), None, Some(bin.as_str())),
            (Some("target/debug/cam"), Some(home), Some(built.as_str())),
            (None, Some(home), None),
        ] {
            assert_eq!(completer(called, folder).as_deref(), expected, "{called:?}");
        }
    }
}
