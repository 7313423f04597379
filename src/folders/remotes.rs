//! The git remotes of a folder. Its configuration is read by `git config --file`, which runs no hook, filter or other program
//! that a repository names: a repository may be anybody's.

mod git;
mod repository;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::watch::Watch;
use crate::domain::projects::Remote;
use crate::env::Environment;
use crate::files;
use git::{Entry, PARAMETERS, ROOT, Use};
pub use repository::MARK;
use repository::{Repository, repositories};

/// `git` reads files. What takes longer for all folders together, such as a pipe that a configuration includes, is given up.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// As many files are asked for, with those that are included under a condition and those of remotes that are folders.
const MOST_FILES: usize = 64;

/// As many folders of this machine are looked at that may be remotes.
const MOST_FOLDERS: usize = 512;

/// Variables that name a file which git reads in the place of the person's or the system's configuration.
const OTHER_CONFIGURATIONS: [&str; 2] = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"];

/// Variables that name a folder which git takes for a repository, or for what one shares with its worktrees.
const DIRECTORIES: [&str; 2] = ["GIT_DIR", "GIT_COMMON_DIR"];

/// The remotes, and where they are from.
#[derive(Debug, Default)]
pub struct Found {
    /// Each once.
    pub remotes: Vec<Remote>,
    /// Where a repository may be, and whether one that is configured is there.
    pub places: Vec<(PathBuf, bool)>,
}

/// What has to be read, and what was found in it.
struct Reading<'w> {
    environment: &'w Environment,
    watch: &'w mut Watch,
    until: Instant,
    urls: Vec<String>,
    /// What is replaced at the beginning of addresses, and by what.
    rewrites: Vec<(String, String)>,
    /// Where addresses begin that are paths without a root.
    bases: Vec<PathBuf>,
    /// Files that are still to be read.
    next: Vec<PathBuf>,
    /// Those that were, and are.
    files: HashSet<PathBuf>,
}

/// The remotes of the repositories that begin in a folder or in one that it is in, which `around` lists: of a submodule also those of the
/// one around it. Of a remote that is a folder
/// of this machine its own remotes count too. At `until` it is given up.
///
/// # Errors
///
/// Why nobody can tell, in words: then no rule may be passed over.
pub fn remotes(
    around: &[PathBuf],
    environment: &Environment,
    until: Instant,
    watch: &mut Watch,
) -> Result<Found, String> {
    let (mut found, mut places) = (Vec::new(), Vec::new());
    for folder in around {
        let here = repositories(folder, watch)?;
        places.push((folder.clone(), here.iter().any(Repository::is_configured)));
        found.extend(here);
    }
    for name in DIRECTORIES {
        let (Some(folder), Some(directory)) = (around.first(), environment.get(name)) else { continue };
        let directory = folder.join(directory);
        let here = repository::named(folder, &directory, watch)?;
        places.push((directory, here.as_ref().is_some_and(Repository::is_configured)));
        found.extend(here);
    }
    if found.is_empty() {
        return Ok(Found { remotes: Vec::new(), places });
    }
    let mut reading = Reading {
        environment,
        watch,
        until,
        urls: Vec::new(),
        rewrites: Vec::new(),
        bases: Vec::new(),
        next: Vec::new(),
        files: HashSet::new(),
    };
    reading.own()?;
    let mut followed = HashSet::new();
    while !found.is_empty() {
        for repository in found.drain(..) {
            reading.begin(repository)?;
        }
        reading.finish()?;
        let paths = reading.local()?;
        // Two that name each other would never end.
        let next = paths.into_iter().map(|path| reading.watch.real(&path).unwrap_or(path));
        let next: HashSet<PathBuf> = next.filter(|path| !followed.contains(path)).collect();
        if followed.len() + next.len() > MOST_FOLDERS {
            return Err(format!("more than {MOST_FOLDERS} folders may be remotes of it"));
        }
        for path in &next {
            let here = repositories(path, reading.watch)?;
            places.push((path.clone(), here.iter().any(Repository::is_configured)));
            found.extend(here);
        }
        followed.extend(next);
    }
    let mut remotes = Vec::new();
    for remote in reading.addresses().filter_map(|url| Remote::parse(&url)) {
        if !remotes.contains(&remote) {
            remotes.push(remote);
        }
    }
    Ok(Found { remotes, places })
}

impl Reading<'_> {
    /// The person's own configuration. Of that only what rewrites addresses counts.
    fn own(&mut self) -> Result<(), String> {
        let of = |name: &str, rest: &str| self.environment.get(name).map(|folder| Path::new(folder).join(rest));
        let places = [
            of(files::HOME, ".gitconfig"),
            of("XDG_CONFIG_HOME", "git/config"),
            of(files::HOME, ".config/git/config"),
            Some(PathBuf::from("/etc/gitconfig")),
        ];
        for place in places.into_iter().flatten() {
            self.watch.note(&place);
        }
        let said = self.ask(&[])?;
        self.take(said, false)?;
        if let Some(parameters) = self.environment.get(PARAMETERS) {
            let said = git::entries(&[], Some(parameters), self.environment, self.until)?;
            self.take(said.into_iter().filter(|entry| entry.file.is_none()).collect(), true)?;
        }
        // What a variable puts in the place of these counts too, and takes nothing away: a shell can set it.
        for name in OTHER_CONFIGURATIONS {
            let Some(file) = self.environment.get(name).map(|file| Path::new(ROOT).join(file)) else { continue };
            if !self.watch.note(&file) {
                continue;
            }
            let said = self.ask(&["--file", &file.display().to_string(), "--includes"])?;
            self.take(said, false)?;
        }
        let entries = self.of_variables();
        self.take(entries, true)
    }

    /// What `GIT_CONFIG_KEY_0` and those that follow say.
    fn of_variables(&self) -> Vec<Entry> {
        let value = |of: &str, number: usize| self.environment.get(&format!("GIT_CONFIG_{of}_{number}"));
        let keys = (0..).map_while(|number| Some((value("KEY", number)?, value("VALUE", number)?)));
        let entry = |(key, value): (&str, &str)| {
            let (section, rest) = key.split_once('.')?;
            // A name in the middle is as it is written.
            let between = rest.rfind('.').map_or("", |at| &rest[..at]);
            let name = rest[between.len()..].to_ascii_lowercase();
            let is = Use::of(&format!("{}.{between}{name}", section.to_ascii_lowercase()))?;
            Some(Entry { file: None, is, value: value.to_owned() })
        };
        keys.filter_map(entry).collect()
    }

    fn add(&mut self, file: PathBuf) -> Result<(), String> {
        if self.files.len() >= MOST_FILES {
            return Err(format!("more than {MOST_FILES} files say what the remotes are"));
        }
        if self.files.insert(file.clone()) {
            // What is not read here may not count as empty there.
            files::open(&file).map_err(|error| format!("`{}` cannot be read: {error}", file.display()))?;
            self.next.push(file);
        }
        Ok(())
    }

    /// Reads what is still to be read.
    fn finish(&mut self) -> Result<(), String> {
        while let Some(file) = self.next.pop() {
            let said = self.ask(&["--file", &file.display().to_string(), "--includes"])?;
            self.take(said, true)?;
        }
        Ok(())
    }

    fn begin(&mut self, repository: Repository) -> Result<(), String> {
        let Repository { base, configurations, urls } = repository;
        self.bases.push(base);
        for url in urls {
            self.address(url);
        }
        configurations.into_iter().try_for_each(|file| self.add(file))
    }

    /// Each once: every branch names one.
    fn address(&mut self, url: String) {
        if !self.urls.contains(&url) {
            self.urls.push(url);
        }
    }

    fn take(&mut self, entries: Vec<Entry>, has_remotes: bool) -> Result<(), String> {
        for Entry { file, is, value } in entries {
            if let Some(file) = &file {
                self.watch.note_late(file);
            }
            match is {
                Use::Address if has_remotes => self.address(value),
                Use::Address => {}
                Use::Rewrite(base) => self.rewrites.push((value, base)),
                // git reads it itself, except what a variable names.
                Use::Include if file.is_some() => {
                    if let Some(included) = self.included(file.as_deref(), &value) {
                        self.watch.note(&included);
                    }
                }
                // Whether the condition holds depends on more than is asked here; an address too many only narrows.
                Use::Include | Use::IncludeIf => {
                    let unknown = || format!("nobody can tell which file an `include` leads to by `{value}`");
                    let included = self.included(file.as_deref(), &value).ok_or_else(unknown)?;
                    if self.watch.note(&included) {
                        self.add(included)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The file that an `include` names: below home, at the root, or beside the file that names it. `None` for one below somebody's
    /// home or git's own folder, which only git knows.
    fn included(&self, file: Option<&Path>, value: &str) -> Option<PathBuf> {
        match value.strip_prefix("~/") {
            Some(rest) => Some(Path::new(self.environment.get(files::HOME)?).join(rest)),
            None if value.starts_with('~') || value.starts_with("%(prefix)") => None,
            None if Path::new(value).is_absolute() => Some(PathBuf::from(value)),
            None => Some(file?.parent()?.join(value)),
        }
    }

    fn ask(&self, of: &[&str]) -> Result<Vec<Entry>, String> {
        git::entries(of, None, self.environment, self.until)
    }

    /// The addresses as they stand, then what git may use in their place.
    fn addresses(&self) -> impl Iterator<Item = String> {
        let rewritten = self.urls.iter().flat_map(|url| rewritten(url, &self.rewrites));
        self.urls.iter().cloned().chain(rewritten)
    }

    /// Where those lead that are paths of this machine.
    fn local(&self) -> Result<HashSet<PathBuf>, String> {
        let mut local = HashSet::new();
        for path in self.addresses().filter_map(|url| Remote::local(&url)) {
            let at_home = match path.strip_prefix('~') {
                Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                    let home = self.environment.get(files::HOME);
                    let home = home.ok_or_else(|| {
                        format!("nobody can tell which folder the remote `{path}` is: there is no home")
                    })?;
                    Some(format!("{home}{rest}"))
                }
                // Where somebody's home is, only the system knows.
                Some(_) => {
                    return Err(format!("nobody can tell which folder the remote `{path}` is; write the whole path"));
                }
                None => None,
            };
            // git takes it with and without the ending.
            let paths = at_home.into_iter().chain([path]).flat_map(|path| [format!("{path}{MARK}"), path]);
            local
                .extend(paths.flat_map(|path| self.bases.iter().map(move |base| base.join(&path)).collect::<Vec<_>>()));
        }
        Ok(local)
    }
}

/// What git may use in the place of `url`. It takes the longest that fits; all are taken here, since a condition of an included
/// file may leave that one out.
fn rewritten(url: &str, rewrites: &[(String, String)]) -> impl Iterator<Item = String> {
    rewrites.iter().filter_map(move |(begin, base)| Some(format!("{base}{}", url.strip_prefix(begin.as_str())?)))
}

#[cfg(test)]
mod tests;
