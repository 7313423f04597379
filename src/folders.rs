//! What the folders that an agent works in say of themselves: where they really are, the git remotes of their repositories, and
//! the files in them that narrow what may be used there. A repository may be anybody's: nothing that it names is run, and
//! nothing in it is waited for for long.

mod remotes;
mod watch;

use std::path::{Path, PathBuf};

use crate::config::projects::{NARROWING, narrowing};
use crate::domain::projects::{Bound, Folder, Rule, Workplace};
use crate::env::Environment;
use watch::Watch;

/// What is asked of folders.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The rules that are to be tried.
    pub rules: &'q [Rule],
    /// The folders.
    pub folders: &'q [PathBuf],
    /// Whether files in them may narrow what is used there.
    pub reads_files: bool,
    /// What `git` is started with.
    pub environment: &'q Environment,
}

/// What was found, until it has changed.
#[derive(Debug)]
pub struct Found {
    /// The rules, with the links in their paths resolved.
    pub rules: Vec<Rule>,
    /// The folders, in their order.
    pub places: Vec<Workplace>,
    watch: Watch,
}

impl Found {
    /// Whether something that was read may be another now. Some calls of `stat`.
    pub fn has_changed(&self) -> bool {
        self.watch.has_changed()
    }
}

/// Looks at the folders; `before` is what was found last. It asks `git` where rules ask for remotes, so it may take a while.
pub fn look(question: Question<'_>, before: Option<&Found>) -> Found {
    let Question { rules, folders, reads_files, .. } = question;
    let mut watch = Watch::after(before.map(|before| &before.watch));
    if rules.is_empty() && !reads_files {
        let place = |path: &PathBuf| Folder { path: path.clone(), remotes: Vec::new() };
        let place = |path: &PathBuf| Workplace { folder: place(path), ..Workplace::default() };
        return Found { rules: Vec::new(), places: folders.iter().map(place).collect(), watch };
    }
    let rules = rules.iter().map(|rule| rule.clone().resolved(|begin| watch.real(begin))).collect();
    let places = folders.iter().map(|folder| place(question, folder, &mut watch)).collect();
    Found { rules, places, watch }
}

fn place(question: Question<'_>, folder: &Path, watch: &mut Watch) -> Workplace {
    let path = watch.real(folder).unwrap_or_else(|| folder.to_owned());
    let asks_for_remotes = question.rules.iter().any(|rule| rule.remote.is_some());
    // A name that was lost on the way leads to no repository.
    let is_lossy = path.to_str().is_none_or(|path| path.contains(char::REPLACEMENT_CHARACTER));
    let found = match (asks_for_remotes, is_lossy) {
        (false, _) => Ok(Vec::new()),
        (true, true) => Err("its name is not UTF-8 text".to_owned()),
        (true, false) => remotes::remotes(&path, question.environment, watch),
    };
    if found.is_err() {
        watch.try_again();
    }
    let files = if question.reads_files { files(&path, watch) } else { Vec::new() };
    let unknown = found.as_ref().err().cloned();
    Workplace { folder: Folder { path, remotes: found.unwrap_or_default() }, unknown, files }
}

/// What the files in `folder` and above it say, up to the top of its repository: of a submodule that is the one around it.
fn files(folder: &Path, watch: &mut Watch) -> Vec<Bound> {
    let is_top = |folder: &&Path| watch.note(&folder.join(remotes::MARK));
    let top = folder.ancestors().filter(is_top).last().unwrap_or(folder).to_owned();
    let inside = folder.ancestors().take_while(|ancestor| ancestor.starts_with(&top));
    let read = |inside: &Path| {
        let path = inside.join(NARROWING);
        watch.note(&path);
        narrowing(&path)
    };
    inside.filter_map(read).collect()
}

#[cfg(test)]
mod tests;
