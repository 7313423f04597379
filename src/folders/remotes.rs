//! The git remotes of a folder. Its configuration is read by `git config --file`, which runs no hook, filter or other program
//! that a repository names: a repository may be anybody's.

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use super::watch::Watch;
use crate::clock;
use crate::domain::plain_text::bounded;
use crate::domain::projects::Remote;
use crate::env::{self, Environment};
use crate::files;

/// `git` reads files. What takes longer for all folders together, such as a pipe that a configuration includes, is given up.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// No file that says where a repository is, is longer.
const LONGEST_POINTER: u64 = 16 * 1024;

/// No more is taken of what `git` says of a file.
const MOST_SAID: u64 = 1024 * 1024;

/// No more letters are shown of what it complains of.
const LONGEST_COMPLAINT: usize = 300;

/// As many files are asked for, with those that are included under a condition.
const MOST_FILES: usize = 64;

/// What stands at the top of a repository.
pub const MARK: &str = ".git";

/// Variables that name a file which git reads in the place of the person's or the system's configuration.
const OTHER_CONFIGURATIONS: [&str; 2] = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"];

/// Where `git` is started: away from every repository, so that only what is named is read.
const ROOT: &str = std::path::MAIN_SEPARATOR_STR;

/// Of a configuration, what says where remotes are and what else is read.
const WANTED: &str =
    r"^(remote\..*\.(url|pushurl)|url\..*\.(insteadof|pushinsteadof)|include\.path|includeif\..*\.path)$";

/// What has to be read, and what was found in it.
struct Reading<'w> {
    environment: &'w Environment,
    watch: &'w mut Watch,
    until: Instant,
    urls: Vec<String>,
    /// What is replaced at the beginning of addresses, and by what.
    rewrites: Vec<(String, String)>,
    /// Files that are still to be read.
    next: Vec<PathBuf>,
    /// Those that were, and are.
    files: HashSet<PathBuf>,
}

/// One value of a configuration.
struct Entry {
    /// The file that it stands in, if it is one.
    file: Option<PathBuf>,
    name: String,
    value: String,
}

/// The remotes of the repositories that `folder` is in: of a submodule also those of the one around it. At `until` it is given up.
///
/// # Errors
///
/// Why nobody can tell, in words: then no rule may be passed over.
pub fn remotes(
    folder: &Path,
    environment: &Environment,
    until: Instant,
    watch: &mut Watch,
) -> Result<Vec<Remote>, String> {
    let mut configurations = Vec::new();
    for folder in folder.ancestors() {
        configurations.extend(configuration(folder, watch)?);
    }
    if configurations.is_empty() {
        return Ok(Vec::new());
    }
    let mut reading = Reading {
        environment,
        watch,
        until,
        urls: Vec::new(),
        rewrites: Vec::new(),
        next: Vec::new(),
        files: HashSet::new(),
    };
    reading.own()?;
    for file in configurations {
        reading.add(file)?;
    }
    reading.finish()?;
    let Reading { urls, rewrites, .. } = reading;
    let rewritten: Vec<String> = urls.iter().flat_map(|url| rewritten(url, &rewrites)).collect();
    Ok(urls.iter().chain(&rewritten).filter_map(|url| Remote::parse(url)).collect())
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
        // What a variable puts in the place of these counts too, and takes nothing away: a shell can set it.
        for name in OTHER_CONFIGURATIONS {
            let Some(file) = self.environment.get(name).map(|file| Path::new(ROOT).join(file)) else { continue };
            self.watch.note(&file);
            let said = self.ask(&["--file", &file.display().to_string(), "--includes"])?;
            self.take(said, false)?;
        }
        let entries = self.of_variables();
        self.take(entries, true)
    }

    /// What `GIT_CONFIG_KEY_0` and those that follow say.
    fn of_variables(&self) -> Vec<Entry> {
        let value = |of: &str, number: usize| self.environment.get(&format!("GIT_CONFIG_{of}_{number}"));
        let keys = (0..MOST_FILES).map_while(|number| Some((value("KEY", number)?, value("VALUE", number)?)));
        let entry = |(key, value): (&str, &str)| {
            let (section, rest) = key.split_once('.')?;
            let (between, name) = rest.rsplit_once('.')?;
            let (section, name) = (section.to_ascii_lowercase(), name.to_ascii_lowercase());
            let is_wanted = match section.as_str() {
                "remote" => matches!(name.as_str(), "url" | "pushurl"),
                "url" => matches!(name.as_str(), "insteadof" | "pushinsteadof"),
                _ => false,
            };
            let name = format!("{section}.{between}.{name}");
            is_wanted.then(|| Entry { file: None, name, value: value.to_owned() })
        };
        keys.filter_map(entry).collect()
    }

    fn add(&mut self, file: PathBuf) -> Result<(), String> {
        if self.files.len() >= MOST_FILES {
            return Err(format!("more than {MOST_FILES} files say what the remotes are"));
        }
        if self.files.insert(file.clone()) {
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

    fn take(&mut self, entries: Vec<Entry>, has_remotes: bool) -> Result<(), String> {
        for Entry { file, name, value } in entries {
            if let Some(file) = &file {
                self.watch.note_late(file);
            }
            if name.starts_with("include") {
                let Some(included) = self.included(file.as_deref(), &value) else { continue };
                let is_there = self.watch.note(&included);
                // Whether the condition holds depends on more than is asked here; an address too many only narrows.
                if name.starts_with("includeif") && is_there {
                    self.add(included)?;
                }
            } else if let Some(rewrite) = rewrite(&name, &value) {
                self.rewrites.push(rewrite);
            } else if has_remotes {
                self.urls.push(value);
            }
        }
        Ok(())
    }

    /// The file that an `include` names: below home, at the root, or beside the file that names it.
    fn included(&self, file: Option<&Path>, value: &str) -> Option<PathBuf> {
        match value.strip_prefix("~/") {
            Some(rest) => Some(Path::new(self.environment.get(files::HOME)?).join(rest)),
            None => Some(file?.parent()?.join(value)),
        }
    }

    /// What `git config` says of the names that are [wanted](WANTED).
    fn ask(&self, of: &[&str]) -> Result<Vec<Entry>, String> {
        let lost = |error: io::Error| format!("`git` cannot be asked for the remotes: {error}");
        let what = of
            .iter()
            .find(|word| !word.starts_with('-'))
            .map_or("its configuration".to_owned(), |file| format!("`{file}`"));
        let mut command = env::program("git");
        command.arg("config").args(of).args(["--null", "--show-origin", "--get-regexp", WANTED]);
        command.current_dir(ROOT).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // What it complains of stands in our own messages.
        command.env("LC_ALL", "C");
        // They would name another configuration.
        for name in self.environment.names().filter(|name| name.to_ascii_uppercase().starts_with("GIT_")) {
            command.env_remove(name);
        }
        let mut child = command.spawn().map_err(lost)?;
        let said = read_aside(child.stdout.take().expect("it is piped"));
        let complained = read_aside(child.stderr.take().expect("it is piped"));
        let left = || self.until.saturating_duration_since(clock::instant());
        let said = said.recv_timeout(left());
        let is_whole = matches!(&said, Ok(Ok(bytes)) if bytes.len() as u64 <= MOST_SAID);
        if !is_whole {
            let _ = child.kill();
        }
        let status = child.wait().map_err(lost)?;
        let said = said.map_err(|_| "`git` did not say in time what the remotes are".to_owned())?.map_err(lost)?;
        if !is_whole {
            return Err(format!("of {what} `git` says more than is read"));
        }
        // 1: there is nothing of these names.
        match status.code() {
            Some(0 | 1) => entries(&said),
            _ => {
                let why = complained.recv_timeout(left()).ok().and_then(Result::ok).and_then(|said| reason(&said));
                Err(format!("`git` cannot read {what}: {}", why.unwrap_or_else(|| status.to_string())))
            }
        }
    }
}

/// What comes out of a pipe, up to [`MOST_SAID`] and a byte: read beside, since nobody waits for it for long.
fn read_aside(pipe: impl Read + Send + 'static) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, read) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let done = pipe.take(MOST_SAID + 1).read_to_end(&mut bytes);
        // Nobody may be waiting any more.
        let _ = sender.send(done.map(|_| bytes));
    });
    read
}

/// Of what `git` complains the line that says why it failed. A repository may be anybody's, and so are its words.
fn reason(complaint: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(complaint);
    let why = |line| ["fatal: ", "error: "].iter().find_map(|begin| str::strip_prefix(line, begin));
    bounded(text.lines().find_map(why).or(text.lines().next())?, LONGEST_COMPLAINT)
}

/// The configuration files of the repository that begins in `folder`; none where none does.
fn configuration(folder: &Path, watch: &mut Watch) -> Result<Vec<PathBuf>, String> {
    let place = folder.join(MARK);
    watch.note(&place);
    let unread = |path: &Path, error: io::Error| format!("`{}` cannot be read: {error}", path.display());
    let directory = match files::stat(&place) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(Vec::new()),
        Err(error) => return Err(unread(&place, error)),
        Ok(None) => return Ok(Vec::new()),
        Ok(Some(found)) if found.is_dir() => place,
        // A worktree or a submodule: a line says where the repository is.
        Ok(Some(_)) => match pointed(&place).map_err(|error| unread(&place, error))? {
            Some(text) => match text.strip_prefix("gitdir:") {
                Some(path) => folder.join(path.trim()),
                None => return Ok(Vec::new()),
            },
            None => return Ok(Vec::new()),
        },
    };
    let shared = directory.join("commondir");
    watch.note(&shared);
    let shared = match pointed(&shared).map_err(|error| unread(&shared, error))? {
        Some(path) => directory.join(path.trim()),
        None => directory.clone(),
    };
    let mut there = Vec::new();
    for file in [shared.join("config"), directory.join("config.worktree")] {
        watch.note(&file);
        if files::stat(&file).map_err(|error| unread(&file, error))?.is_some() {
            there.push(file);
        }
    }
    Ok(there)
}

/// A short text in a file, if there is one.
fn pointed(path: &Path) -> io::Result<Option<String>> {
    let text = files::read_if_there(path, LONGEST_POINTER)?;
    Ok(text.map(|text| String::from_utf8_lossy(&text).trim_end().to_owned()))
}

/// Where it stands, ended by a zero byte; then a name and its value behind a line feed, ended by another.
fn entries(said: &[u8]) -> Result<Vec<Entry>, String> {
    let unread = || "`git` said something that cannot be read".to_owned();
    let Some(said) = said.strip_suffix(&[0]) else {
        return if said.is_empty() { Ok(Vec::new()) } else { Err(unread()) };
    };
    let parts: Vec<&[u8]> = said.split(|byte| *byte == 0).collect();
    let entry = |parts: &[&[u8]]| {
        let [origin, entry] = parts else { return Err(unread()) };
        let text = String::from_utf8_lossy(entry);
        // A name alone is one without a value.
        let (name, value) = text.split_once('\n').unwrap_or((&text, ""));
        let file = String::from_utf8_lossy(origin);
        let file = file.strip_prefix("file:").map(PathBuf::from);
        Ok(Entry { file, name: name.to_owned(), value: value.to_owned() })
    };
    parts.chunks(2).map(entry).collect()
}

/// What `url.BASE.insteadOf = BEGIN` says: BEGIN, and BASE in its place.
fn rewrite(name: &str, begin: &str) -> Option<(String, String)> {
    let base = name.strip_prefix("url.")?;
    let base = base.strip_suffix(".pushinsteadof").or_else(|| base.strip_suffix(".insteadof"))?;
    Some((begin.to_owned(), base.to_owned()))
}

/// What git may use in the place of `url`. It takes the longest that fits; all are taken here, since a condition of an included
/// file may leave that one out.
fn rewritten(url: &str, rewrites: &[(String, String)]) -> impl Iterator<Item = String> {
    rewrites.iter().filter_map(move |(begin, base)| Some(format!("{base}{}", url.strip_prefix(begin.as_str())?)))
}

#[cfg(test)]
mod tests;
