//! Whether rules stood in a `config.toml` when it was read last. A process that finds nothing to read there, because the file is
//! gone or closed to it, would else take it for one that never had any.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::files::{self, hash};
use crate::paths::Paths;

/// The folder of the notes, in that of our data. Each is a file of its own, so that processes with other configurations do not
/// write over them.
const FOLDER: &str = "projects-held";

/// Whether that is noted.
pub fn is_noted(paths: &Paths) -> bool {
    folders(paths).any(|folder| {
        names(&paths.config_file).iter().any(|name| files::stat(&folder.join(name)).is_ok_and(|found| found.is_some()))
    })
}

/// Notes it, or that it is not so any more.
///
/// # Errors
///
/// The system's.
pub fn note(paths: &Paths, holds: bool) -> io::Result<()> {
    let names = names(&paths.config_file);
    if !holds {
        return folders(paths)
            .try_for_each(|folder| names.iter().try_for_each(|name| files::remove(&folder.join(name))));
    }
    let Some(folder) = folders(paths).find(|folder| files::can_be_made(folder)) else { return Ok(()) };
    files::make_folder(&folder)?;
    let text = format!("Rules of projects stand in `{}`.\n", paths.config_file.display());
    names.iter().try_for_each(|name| match files::write_new(&folder.join(name), text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    })
}

fn folders(paths: &Paths) -> impl Iterator<Item = PathBuf> {
    paths.data.all().filter(|folder| folder.is_absolute()).map(|folder| folder.join(FOLDER))
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
#[expect(clippy::disallowed_methods, reason = "the tests make the files that are noted")]
mod tests {
    use super::*;
    use crate::paths::DataDir;

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
        assert!(!is_noted(&one));
        for _ in 0..2 {
            note(&one, true).unwrap();
            assert!(is_noted(&one) && !is_noted(&other));
        }
        note(&other, true).unwrap();
        note(&one, false).unwrap();
        note(&one, false).unwrap();
        assert!(!is_noted(&one) && is_noted(&other));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_known_by_its_link_and_by_its_place() {
        use std::os::unix::fs::symlink;
        let home = tempfile::TempDir::new().unwrap();
        let at = |name: &str| home.path().join(name);
        std::fs::write(at("real.toml"), "").unwrap();
        symlink(at("real.toml"), at("link.toml")).unwrap();
        note(&paths(home.path(), "link.toml"), true).unwrap();
        assert!(is_noted(&paths(home.path(), "real.toml")));
        std::fs::remove_file(at("link.toml")).unwrap();
        symlink(at("elsewhere"), at("link.toml")).unwrap();
        assert!(is_noted(&paths(home.path(), "link.toml")));
    }
}
