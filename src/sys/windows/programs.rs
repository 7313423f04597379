//! Programs that a person has: how they are found and started.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sys::search;
pub use crate::sys::search::is_batch;

/// The editor where none is set.
pub const EDITOR: &str = "notepad";

/// A program and its arguments, to be followed by the file. A word ends at a space: there is no shell that all have.
pub fn words_of_editor(editor: &str) -> Vec<String> {
    let words: Vec<String> = editor.split_whitespace().map(str::to_owned).collect();
    if words.is_empty() { vec![EDITOR.to_owned()] } else { words }
}

/// The system's own program that opens addresses, and what stands before the address; `root` is the value of `SystemRoot`.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is no one such")]
pub fn opener(root: Option<&str>) -> Option<(PathBuf, &'static [&'static str])> {
    let root = Path::new(root.unwrap_or("C:\\Windows"));
    Some((root.join("System32").join("rundll32.exe"), &["url.dll,FileProtocolHandler"]))
}

/// The file of the program that `word` means; `variable` is the environment. The system itself looks for `.exe` alone. `None`
/// where there is none, and where the system is to find it.
pub fn resolved(word: &OsStr, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let endings = variable("PATHEXT");
    let endings = search::endings(endings.as_deref().and_then(OsStr::to_str));
    let path = variable("PATH").unwrap_or_default();
    let found = search::find(word.to_str()?, std::env::split_paths(&path), &endings, Path::is_file)?;
    std::path::absolute(found).ok()
}

/// Keeps `cmd.exe`, which runs a batch file, from starting what lies in the folder that it works in: the files that npm makes call
/// `node` by its name alone.
pub fn guard(command: &mut Command) {
    if is_batch(&command.get_program().to_string_lossy()) {
        command.env("NoDefaultCurrentDirectoryInExePath", "1");
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test starts a program of its own")]
mod tests {
    use super::*;

    #[test]
    fn the_editor_may_have_arguments() {
        assert_eq!(words_of_editor("code  --wait"), ["code", "--wait"]);
        assert_eq!(words_of_editor(" "), ["notepad"]);
    }

    #[test]
    fn what_npm_installs_is_found_and_gets_its_arguments() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("agent"), "#!/bin/sh\n").unwrap();
        std::fs::write(folder.path().join("agent.cmd"), "@echo %1\r\n@exit 300\r\n").unwrap();
        let variable = |name: &str| (name == "PATH").then(|| folder.path().as_os_str().to_owned());
        let found = resolved(OsStr::new("agent"), variable).unwrap();
        assert!(found.ends_with("agent.CMD") || found.ends_with("agent.cmd"), "{}", found.display());
        let output = Command::new(&found).arg("two words & more").output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), "\"two words & more\"");
        assert_eq!(output.status.code(), Some(300));
        assert_eq!(resolved(OsStr::new("nothing"), variable), None);
        let refused = Command::new(&found).arg("two\nlines").output().unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    }
}
