//! How much of rules of projects or of keys of the proxy stood in a `config.toml` when it was read last, and whether it let projects
//! narrow themselves. A process that finds
//! nothing to read there, because the file is gone or closed to it, would else take it for one that never had any, and one that
//! finds the beginning of the file for the whole of it.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::files::{self, Replacement, hash};
use crate::paths::Paths;

/// No note is longer.
const LONGEST: u64 = 64 * 1024;

/// What is noted of a `config.toml`.
#[derive(Clone, Copy, Debug)]
pub struct Notes {
    /// The folder of the notes, in that of our data.
    pub folder: &'static str,
    /// What stood in it, for messages.
    pub of: &'static str,
}

/// That files inside projects narrow what is used there.
pub const PROJECT_FILES: Notes = Notes { folder: "project-files-held", of: "`routing.project_files`" };

/// Whether anything is noted.
pub fn is_noted(paths: &Paths, notes: Notes) -> bool {
    noted(paths, notes) > 0
}

/// How much is noted: the entries of a list and their lines. Each note is a file of its own, so that processes with other
/// configurations do not write over them.
pub fn noted(paths: &Paths, notes: Notes) -> usize {
    let names = names(&paths.config_file);
    let notes =
        folders(paths, notes).flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>());
    notes.filter_map(|note| amount(&note)).max().unwrap_or_default()
}

/// What a note says; one that says nothing is one all the same.
fn amount(note: &Path) -> Option<usize> {
    files::stat(note).ok().flatten()?;
    let text = files::read(note, LONGEST).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    Some(text.split_whitespace().find_map(|word| word.parse().ok()).unwrap_or(1).max(1))
}

/// Notes how much it is.
///
/// # Errors
///
/// The system's.
pub fn note(paths: &Paths, notes: Notes, amount: usize) -> io::Result<()> {
    let names = names(&paths.config_file);
    if amount == 0 {
        return folders(paths, notes)
            .try_for_each(|folder| names.iter().try_for_each(|name| files::remove(&folder.join(name))));
    }
    let Some(folder) = folders(paths, notes).find(|folder| files::can_be_made(folder)) else { return Ok(()) };
    files::make_folder(&folder)?;
    let text = format!("There are {amount} lines of {} in `{}`.\n", notes.of, paths.config_file.display());
    names.iter().try_for_each(|name| write(&folder.join(name), text.as_bytes()))
}

/// Writes a note, at once or in the place of another one: there is never none in between. Of processes that write at the same time
/// one does.
fn write(note: &Path, text: &[u8]) -> io::Result<()> {
    match files::write_new(note, text) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        written => return written,
    }
    let next = files::with_suffix(note, &format!(".{}", std::process::id()));
    files::replace(&Replacement { path: note, next: &next, kept_mode: 0o700 }, text)
}

/// The folders of the notes, in those of our data.
fn folders(paths: &Paths, notes: Notes) -> impl Iterator<Item = PathBuf> {
    paths.data.all().filter(|folder| folder.is_absolute()).map(move |folder| folder.join(notes.folder))
}

/// What notes of the file are called: by the path that leads to it, and by where it is. Either may change without the other.
fn names(file: &Path) -> Vec<String> {
    let paths = [std::path::absolute(file), files::real_path(file)].into_iter().flatten();
    let mut names: Vec<String> = paths.map(|path| named(&path)).collect();
    names.dedup();
    names
}

/// A short name that is another one for each path.
fn named(path: &Path) -> String {
    hash::hexadecimal(path.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::entries::{PROXY_KEYS, RULES};
    use crate::paths::DataDir;

    const LIST: Notes = RULES.notes;

    fn paths(home: &Path, config_file: &str) -> Paths {
        Paths {
            home: None,
            accounts_file: home.join("accounts.json"),
            config_file: home.join(config_file),
            opencode_config_file: home.join("opencode.json"),
            data: DataDir { path: home.join("data"), ..DataDir::default() },
        }
    }

    #[test]
    fn each_file_has_a_note_of_its_own() {
        let home = tempfile::TempDir::new().unwrap();
        let [one, other] = ["one.toml", "other.toml"].map(|name| paths(home.path(), name));
        assert!(!is_noted(&one, LIST));
        for _ in 0..2 {
            note(&one, LIST, 4).unwrap();
            assert!(noted(&one, LIST) == 4 && !is_noted(&other, LIST));
        }
        note(&one, LIST, 12).unwrap();
        assert_eq!(noted(&one, LIST), 12);
        note(&one, LIST, 2).unwrap();
        assert_eq!(noted(&one, LIST), 2);
        note(&other, LIST, 1).unwrap();
        note(&one, LIST, 0).unwrap();
        note(&one, LIST, 0).unwrap();
        assert!(!is_noted(&one, LIST) && is_noted(&other, LIST));
        assert!(!is_noted(&other, PROXY_KEYS.notes), "and each list");
    }

    #[cfg(unix)]
    #[expect(clippy::disallowed_methods, reason = "the test makes the files that are noted")]
    #[test]
    fn a_file_is_known_by_its_link_and_by_its_place() {
        use std::os::unix::fs::symlink;
        let home = tempfile::TempDir::new().unwrap();
        let at = |name: &str| home.path().join(name);
        std::fs::write(at("real.toml"), "").unwrap();
        symlink(at("real.toml"), at("link.toml")).unwrap();
        note(&paths(home.path(), "link.toml"), LIST, 1).unwrap();
        assert!(is_noted(&paths(home.path(), "real.toml"), LIST));
        std::fs::remove_file(at("link.toml")).unwrap();
        symlink(at("elsewhere"), at("link.toml")).unwrap();
        assert!(is_noted(&paths(home.path(), "link.toml"), LIST));
    }
}
