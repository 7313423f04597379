//! The git remotes of a folder. Its configuration is read by `git config --file`, which runs no hook, filter or other program
//! that a repository names: a repository may be anybody's.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use crate::domain::projects::Remote;
use crate::env::{self, Environment};
use crate::files;

/// `git` reads a file. What takes longer, such as a pipe that a configuration includes, is given up.
const PATIENCE: Duration = Duration::from_secs(3);

/// No file that says where a repository is, is longer.
const LONGEST_POINTER: u64 = 16 * 1024;

/// No more is taken of what `git` says.
const MOST_SAID: u64 = 1024 * 1024;

/// Of a configuration, what says where remotes are.
const WANTED: &str = r"^(remote\..*\.(url|pushurl)|url\..*\.(insteadof|pushinsteadof))$";

/// The remotes of the repositories that `folder` is in: of a submodule also those of the one around it.
///
/// # Errors
///
/// Why nobody can tell, in words: then no rule may be passed over.
pub fn remotes(folder: &Path, environment: &Environment) -> Result<Vec<Remote>, String> {
    remotes_within(PATIENCE, folder, environment)
}

fn remotes_within(patience: Duration, folder: &Path, environment: &Environment) -> Result<Vec<Remote>, String> {
    let configurations = folder.ancestors().filter_map(|folder| configuration(folder).transpose());
    let configurations: Vec<PathBuf> = configurations.collect::<Result<Vec<Vec<PathBuf>>, String>>()?.concat();
    if configurations.is_empty() {
        return Ok(Vec::new());
    }
    let (mut urls, mut rewrites) = (Vec::new(), Vec::new());
    // Of the person's own configuration only what rewrites addresses counts.
    let own = ask(&[], environment, patience)?;
    rewrites.extend(own.into_iter().filter_map(|(key, value)| rewrite(&key, value)));
    for file in configurations {
        let file = file.display().to_string();
        for (key, value) in ask(&["--file", &file, "--includes"], environment, patience)? {
            if key.starts_with("remote.") {
                urls.push(value);
            } else {
                rewrites.extend(rewrite(&key, value));
            }
        }
    }
    let rewritten: Vec<String> = urls.iter().filter_map(|url| rewritten(url, &rewrites)).collect();
    Ok(urls.iter().chain(&rewritten).filter_map(|url| Remote::parse(url)).collect())
}

/// The configuration files of the repository that begins in `folder`; `None` where none does.
fn configuration(folder: &Path) -> Result<Option<Vec<PathBuf>>, String> {
    let place = folder.join(".git");
    let unread = |path: &Path, error: io::Error| format!("`{}` cannot be read: {error}", path.display());
    let directory = match files::stat(&place) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(unread(&place, error)),
        Ok(None) => return Ok(None),
        Ok(Some(found)) if found.is_dir() => place,
        // A worktree or a submodule: a line says where the repository is.
        Ok(Some(_)) => match pointed(&place).map_err(|error| unread(&place, error))? {
            Some(text) => match text.strip_prefix("gitdir:") {
                Some(path) => folder.join(path.trim()),
                None => return Ok(None),
            },
            None => return Ok(None),
        },
    };
    let shared = directory.join("commondir");
    let shared = match pointed(&shared).map_err(|error| unread(&shared, error))? {
        Some(path) => directory.join(path.trim()),
        None => directory.clone(),
    };
    let files = [shared.join("config"), directory.join("config.worktree")];
    let mut there = Vec::new();
    for file in files {
        if files::stat(&file).map_err(|error| unread(&file, error))?.is_some() {
            there.push(file);
        }
    }
    Ok(Some(there))
}

/// A short text in a file, if there is one.
fn pointed(path: &Path) -> io::Result<Option<String>> {
    let text = files::read_if_there(path, LONGEST_POINTER)?;
    Ok(text.map(|text| String::from_utf8_lossy(&text).trim_end().to_owned()))
}

/// What `git config` says of the names that are [wanted](WANTED).
fn ask(of: &[&str], environment: &Environment, patience: Duration) -> Result<Vec<(String, String)>, String> {
    let lost = |error: io::Error| format!("`git` cannot be asked for the remotes: {error}");
    let mut command = env::program("git");
    command.arg("config").args(of).args(["--null", "--get-regexp", WANTED]);
    // Away from the repository, so that only what is named is read.
    command
        .current_dir(std::path::MAIN_SEPARATOR_STR)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    // They would name another configuration.
    for name in environment.names().filter(|name| name.to_ascii_uppercase().starts_with("GIT_")) {
        command.env_remove(name);
    }
    let mut child = command.spawn().map_err(lost)?;
    let stdout = child.stdout.take().expect("it is piped");
    let (sender, said) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.take(MOST_SAID).read_to_end(&mut bytes);
        // Nobody may be waiting any more.
        let _ = sender.send(read.map(|_| bytes));
    });
    let said = said.recv_timeout(patience);
    if said.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(lost)?;
    let said = said.map_err(|_| "`git` did not say in time what the remotes are".to_owned())?;
    // 1: there is nothing of these names.
    match status.code() {
        Some(0 | 1) => Ok(entries(&said.map_err(lost)?)),
        _ => Err(format!("`git config {}` failed: {status}", of.join(" "))),
    }
}

/// A name and its value behind a line feed, each ended by a zero byte.
fn entries(said: &[u8]) -> Vec<(String, String)> {
    let entries = said.split(|byte| *byte == 0).filter_map(|entry| {
        let text = String::from_utf8_lossy(entry).into_owned();
        let (name, value) = text.split_once('\n')?;
        Some((name.to_owned(), value.to_owned()))
    });
    entries.collect()
}

/// What `url.BASE.insteadOf = BEGIN` says: BEGIN, and BASE in its place.
fn rewrite(name: &str, begin: String) -> Option<(String, String)> {
    let base = name.strip_prefix("url.")?;
    let base = base.strip_suffix(".pushinsteadof").or_else(|| base.strip_suffix(".insteadof"))?;
    Some((begin, base.to_owned()))
}

/// The address that git uses in the place of `url`: of several that fit the longest counts.
fn rewritten(url: &str, rewrites: &[(String, String)]) -> Option<String> {
    let fitting =
        rewrites.iter().filter_map(|(begin, base)| Some((begin.len(), base, url.strip_prefix(begin.as_str())?)));
    fitting.max_by_key(|(length, ..)| *length).map(|(_, base, rest)| format!("{base}{rest}"))
}

#[cfg(test)]
mod tests;
