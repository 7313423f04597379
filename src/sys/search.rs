//! The file that Windows' shells mean by the word for a program. They look for it under several names: what npm installs is
//! `opencode.cmd`, beside a script for other shells that is called `opencode` and cannot be started.

use std::path::{Path, PathBuf};

/// What the system can start, of the endings that people give files which open by a program of their own. A batch file is
/// started by way of `cmd.exe`.
const STARTABLE: [&str; 4] = [".COM", ".EXE", ".BAT", ".CMD"];

/// The endings in the order in which they are tried; `named` is the value of `PATHEXT`.
pub fn endings(named: Option<&str>) -> Vec<&str> {
    let is_startable = |ending: &&str| STARTABLE.iter().any(|known| known.eq_ignore_ascii_case(ending));
    let named: Vec<&str> = named.unwrap_or_default().split(';').map(str::trim).filter(is_startable).collect();
    if named.is_empty() { STARTABLE.to_vec() } else { named }
}

/// Whether `word` says where the program is, so that it is not looked for.
pub fn is_place(word: &str) -> bool {
    word.contains(['/', '\\', ':'])
}

/// The first program that `word` means in `folders`, or at the place that it names. Folders are looked into only by their whole
/// path: what lies in the folder that an agent works in is not for us to start.
pub fn find(
    word: &str,
    folders: impl IntoIterator<Item = PathBuf>,
    endings: &[&str],
    is_program: impl Fn(&Path) -> bool,
) -> Option<PathBuf> {
    if word.is_empty() {
        return None;
    }
    let folders: Vec<PathBuf> = if is_place(word) {
        vec![PathBuf::new()]
    } else {
        folders.into_iter().filter(|folder| folder.is_absolute()).collect()
    };
    let has_ending = endings.iter().any(|ending| has_ending(word, ending));
    let names = || has_ending.then_some("").into_iter().chain(endings.iter().copied());
    folders
        .iter()
        .flat_map(|folder| names().map(move |ending| folder.join(format!("{word}{ending}"))))
        .find(|path| is_program(path))
}

/// Whether `cmd.exe` is what runs the file.
pub fn is_batch(name: &str) -> bool {
    [".bat", ".cmd"].iter().any(|ending| has_ending(name, ending))
}

fn has_ending(word: &str, ending: &str) -> bool {
    word.len()
        .checked_sub(ending.len())
        .and_then(|at| word.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_started_is_an_ending() {
        assert_eq!(endings(None), [".COM", ".EXE", ".BAT", ".CMD"]);
        assert_eq!(endings(Some("")), [".COM", ".EXE", ".BAT", ".CMD"]);
        assert_eq!(endings(Some(".JS;.cmd; .EXE;.MSC")), [".cmd", ".EXE"]);
        assert_eq!(endings(Some(".PY")), [".COM", ".EXE", ".BAT", ".CMD"]);
    }

    #[test]
    fn a_word_means_the_first_startable_file_on_the_path() {
        let root = std::env::temp_dir();
        let [npm, bin] = ["npm", "bin"].map(|name| root.join(name));
        let there = [
            "npm/opencode",
            "npm/opencode.cmd",
            "npm/both.CMD",
            "npm/both.EXE",
            "bin/both.EXE",
            "bin/opencode.EXE",
            "bin/tool.v2.EXE",
            "bin/tool.sh",
        ];
        let is_there = |path: &Path| {
            there.iter().any(|name| root.join(name) == path)
                || path == Path::new("./here.cmd")
                || path == Path::new("here.cmd")
        };
        let endings = [".EXE", ".cmd", ".CMD"];
        let found = |word: &str, folders: &[&PathBuf]| {
            find(word, folders.iter().copied().cloned(), &endings, is_there).map(|path| path.display().to_string())
        };
        let at = |name: &str| {
            let (folder, name) = name.split_once('/').unwrap();
            Some(root.join(folder).join(name).display().to_string())
        };
        assert_eq!(found("opencode", &[&npm, &bin]), at("npm/opencode.cmd"));
        assert_eq!(found("opencode", &[&bin, &npm]), at("bin/opencode.EXE"));
        assert_eq!(found("both", &[&npm]), at("npm/both.EXE"));
        assert_eq!(found("opencode.cmd", &[&npm]), at("npm/opencode.cmd"));
        assert_eq!(found("tool.v2", &[&npm, &bin]), at("bin/tool.v2.EXE"));
        for (word, folders) in
            [("tool.sh", &bin), ("gone", &bin), ("", &bin), ("here", &PathBuf::from("")), ("here", &PathBuf::from("."))]
        {
            assert_eq!(found(word, &[folders]), None, "`{word}` in {}", folders.display());
        }
        assert_eq!(found("./here", &[&bin]).as_deref(), Some("./here.cmd"), "a place is where it says");
        assert!(is_batch(r"C:\npm\codex.CMD") && is_batch("x.bat") && !is_batch("codex.exe") && !is_batch("cmd"));
    }
}
