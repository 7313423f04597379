//! Programs that a person has: how they are started.

use std::path::{Path, PathBuf};

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
    Some((root.join("System32\\rundll32.exe"), &["url.dll,FileProtocolHandler"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_editor_may_have_arguments() {
        assert_eq!(words_of_editor("code  --wait"), ["code", "--wait"]);
        assert_eq!(words_of_editor(" "), ["notepad"]);
    }
}
