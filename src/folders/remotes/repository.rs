//! Where the configuration of a repository is, by what git itself goes by: a folder `.git`, a file of that name which leads
//! elsewhere, or a bare repository.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use crate::files;
use crate::folders::watch::Watch;

/// What stands at the top of a repository.
pub const MARK: &str = ".git";

/// No file that says where a repository or a remote is, is longer.
const LONGEST_POINTER: u64 = 16 * 1024;

/// No repository has more remotes in files of their own.
const MOST_FILES: usize = 64;

/// What is read of a repository.
#[derive(Debug)]
pub struct Repository {
    /// Where addresses begin that are paths without a root.
    pub base: PathBuf,
    /// Its configuration, which is all there.
    pub configurations: Vec<PathBuf>,
    /// Addresses in files of the old form.
    pub urls: Vec<String>,
}

impl Repository {
    /// Whether there is a file that may name its remotes: an empty folder `.git` has none.
    pub fn is_configured(&self) -> bool {
        !self.configurations.is_empty() || !self.urls.is_empty()
    }
}

/// The repositories that begin in `folder`; none where none does.
///
/// # Errors
///
/// Why nobody can tell, in words.
pub fn repositories(folder: &Path, watch: &mut Watch) -> Result<Vec<Repository>, String> {
    let bare = if is_bare(folder, watch)? { Some(repository(folder, folder, watch)?) } else { None };
    let place = folder.join(MARK);
    watch.note(&place);
    let directory = match stat(&place)? {
        None => return Ok(bare.into_iter().collect()),
        Some(found) if found.is_dir() => place,
        // A worktree or a submodule: a line says where the repository is.
        Some(_) => {
            let text = pointed(&place)?.unwrap_or_default();
            let path = text.strip_prefix("gitdir:").ok_or_else(|| format!("`{}` leads nowhere", place.display()))?;
            let directory = folder.join(path.trim());
            // What moved away took with it what says whose this is.
            if !watch.note(&directory) {
                return Err(format!("`{}` leads to `{}`, which is not there", place.display(), directory.display()));
            }
            directory
        }
    };
    Ok(bare.into_iter().chain([repository(folder, &directory, watch)?]).collect())
}

/// The repository in `directory`, as a variable names it; none where it is not there.
///
/// # Errors
///
/// Why nobody can tell, in words.
pub fn named(base: &Path, directory: &Path, watch: &mut Watch) -> Result<Option<Repository>, String> {
    if watch.note(directory) { repository(base, directory, watch).map(Some) } else { Ok(None) }
}

/// Whether `folder` itself is what is elsewhere in a folder `.git`.
fn is_bare(folder: &Path, watch: &mut Watch) -> Result<bool, String> {
    for name in ["HEAD", "objects", "refs"] {
        let path = folder.join(name);
        watch.note(&path);
        if stat(&path)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn repository(base: &Path, directory: &Path, watch: &mut Watch) -> Result<Repository, String> {
    let shared = directory.join("commondir");
    watch.note(&shared);
    let shared = match pointed(&shared)? {
        Some(path) => directory.join(path.trim()),
        None => directory.to_owned(),
    };
    let mut configurations = Vec::new();
    for file in [shared.join("config"), directory.join("config.worktree")] {
        watch.note(&file);
        if stat(&file)?.is_some() {
            configurations.push(file);
        }
    }
    let mut urls = Vec::new();
    for (folder, read) in [("remotes", remote as fn(&str) -> Vec<String>), ("branches", branch)] {
        let folder = shared.join(folder);
        watch.note_names(&folder);
        let names = match files::names(&folder) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Vec::new(),
            names => names.map_err(|error| unread(&folder, &error))?,
        };
        if names.len() > MOST_FILES {
            return Err(format!("more than {MOST_FILES} files in `{}` say what the remotes are", folder.display()));
        }
        for name in names {
            let file = folder.join(name);
            watch.note(&file);
            if stat(&file)?.is_some_and(|found| !found.is_dir()) {
                urls.extend(pointed(&file)?.iter().flat_map(|text| read(text)));
            }
        }
    }
    Ok(Repository { base: base.to_owned(), configurations, urls })
}

/// The addresses in a file of the folder `remotes`.
fn remote(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_prefix("URL:")).map(|url| url.trim().to_owned()).collect()
}

/// The address in a file of the folder `branches`, without the branch.
fn branch(text: &str) -> Vec<String> {
    let line = text.lines().next().unwrap_or_default();
    vec![line.split('#').next().unwrap_or_default().trim().to_owned()]
}

fn unread(path: &Path, error: &io::Error) -> String {
    format!("`{}` cannot be read: {error}", path.display())
}

fn stat(path: &Path) -> Result<Option<Metadata>, String> {
    match files::stat(path) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        found => found.map_err(|error| unread(path, &error)),
    }
}

/// A short text in a file, if there is one.
fn pointed(path: &Path) -> Result<Option<String>, String> {
    let text = files::read_if_there(path, LONGEST_POINTER).map_err(|error| unread(path, &error))?;
    Ok(text.map(|text| String::from_utf8_lossy(&text).trim_end().to_owned()))
}
