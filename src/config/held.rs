//! Whether rules of projects, or keys of the proxy, stood in a `config.toml` when it was read last. A process that finds nothing to
//! read there, because the file is gone or closed to it, would else take it for one that never had any.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::entries::List;
use crate::files::{self, hash};
use crate::paths::Paths;

/// Whether that is noted of `list`. Each note is a file of its own, so that processes with other configurations do not write
/// over them.
pub fn is_noted(paths: &Paths, list: &List) -> bool {
    folders(paths, list).any(|folder| {
        names(&paths.config_file).iter().any(|name| files::stat(&folder.join(name)).is_ok_and(|found| found.is_some()))
    })
}

/// Notes it, or that it is not so any more.
///
/// # Errors
///
/// The system's.
pub fn note(paths: &Paths, list: &List, holds: bool) -> io::Result<()> {
    let names = names(&paths.config_file);
    if !holds {
        return folders(paths, list)
            .try_for_each(|folder| names.iter().try_for_each(|name| files::remove(&folder.join(name))));
    }
    let Some(folder) = folders(paths, list).find(|folder| files::can_be_made(folder)) else { return Ok(()) };
    files::make_folder(&folder)?;
    let text = format!("There are {} in `{}`.\n", list.entries(), paths.config_file.display());
    names.iter().try_for_each(|name| match files::write_new(&folder.join(name), text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    })
}

/// The folders of the notes, in those of our data.
fn folders(paths: &Paths, list: &List) -> impl Iterator<Item = PathBuf> {
    paths.data.all().filter(|folder| folder.is_absolute()).map(|folder| folder.join(list.notes))
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
    use crate::config::{projects, proxy_keys};
    use crate::paths::DataDir;

    const LIST: &List = &projects::LIST;

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
            note(&one, LIST, true).unwrap();
            assert!(is_noted(&one, LIST) && !is_noted(&other, LIST));
        }
        note(&other, LIST, true).unwrap();
        note(&one, LIST, false).unwrap();
        note(&one, LIST, false).unwrap();
        assert!(!is_noted(&one, LIST) && is_noted(&other, LIST));
        assert!(!is_noted(&other, &proxy_keys::LIST), "and each list");
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
        note(&paths(home.path(), "link.toml"), LIST, true).unwrap();
        assert!(is_noted(&paths(home.path(), "real.toml"), LIST));
        std::fs::remove_file(at("link.toml")).unwrap();
        symlink(at("elsewhere"), at("link.toml")).unwrap();
        assert!(is_noted(&paths(home.path(), "link.toml"), LIST));
    }
}
