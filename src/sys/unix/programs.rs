//! Programs that a person has: how they are started.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;

/// The editor where none is set.
pub const EDITOR: &str = "vi";

/// A program and its arguments that run the command line `editor`, as a shell reads it, on the file that follows them.
pub fn words_of_editor(editor: &str) -> Vec<String> {
    ["sh", "-c", &format!("{editor} \"$@\""), editor].map(str::to_owned).into()
}

/// The system's own program that opens addresses, and what stands before the address; `None` where there is no one such.
pub fn opener(_: Option<&str>) -> Option<(PathBuf, &'static [&'static str])> {
    cfg!(target_os = "macos").then(|| ("/usr/bin/open".into(), &[][..]))
}

/// `None`: the system finds programs by itself.
pub fn resolved(_: &OsStr, _: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    None
}

/// There is no such thing.
pub fn is_batch(_: &str) -> bool {
    false
}

/// Nothing to do.
pub fn guard(_: &mut Command) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test starts an editor")]
    fn the_editor_may_have_arguments() {
        let words = words_of_editor("printf '%s %s'  \"a b\"");
        let output = Command::new(&words[0]).args(&words[1..]).arg("the file").output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "a b the file");
    }
}
