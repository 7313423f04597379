//! What the folders that an agent works in say of themselves: where they really are, the git remotes of their repositories, and
//! the files in them that narrow what may be used there. A repository may be anybody's: nothing that it names is run, and
//! nothing in it is waited for for long.

mod remotes;
mod watch;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::clock;
use crate::config::projects::{NARROWING, narrowing};
use crate::domain::projects::{Bound, Folder, Remote, Rule, Workplace};
use crate::domain::time::Timestamp;
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
    /// When it is asked.
    pub now: Timestamp,
}

/// The rules, and where a session works.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The rules, with the links in their paths resolved.
    pub rules: Vec<Rule>,
    /// The folders, in their order.
    pub folders: Vec<Workplace>,
    /// As they were named.
    named: Vec<PathBuf>,
    /// Whether their remotes were asked for.
    has_remotes: bool,
}

impl Places {
    /// The same for a session that works in `folders` now, as far as that is known; and whether one of them was not seen yet.
    /// Where something `can_narrow` what is used there, nothing may be.
    pub fn after(&self, folders: &[PathBuf], can_narrow: bool) -> (Places, bool) {
        let seen = |folder: &PathBuf| self.named.iter().position(|named| named == folder).map(|at| &self.folders[at]);
        let is_unread = can_narrow && folders.iter().any(|folder| seen(folder).is_none());
        let unseen = |folder: &Path| Workplace {
            folder: Folder { path: folder.to_owned(), ..Folder::default() },
            unknown: can_narrow.then(|| unknown("the rules", folder, BEING_READ)),
            files: Vec::new(),
        };
        let places = folders.iter().map(|folder| seen(folder).cloned().unwrap_or_else(|| unseen(folder))).collect();
        (Places { folders: places, named: folders.to_vec(), ..self.clone() }, is_unread)
    }

    /// The remotes of a folder, if they were asked for.
    fn remotes_of(&self, folder: &Folder) -> Option<Vec<Remote>> {
        let is_it = |place: &&Workplace| place.folder.path == folder.path && place.folder.named == folder.named;
        let seen = self.folders.iter().filter(|_| self.has_remotes).find(is_it)?;
        seen.unknown.is_none().then(|| seen.folder.remotes.clone())
    }
}

/// What was found, until it has changed.
#[derive(Debug)]
pub struct Found {
    /// Where the session works.
    pub places: Places,
    watch: Watch,
}

impl Found {
    /// Whether something that was read may be another now. Some calls of `stat`.
    pub fn has_changed(&self) -> bool {
        self.watch.has_changed()
    }

    /// Whether nothing was read.
    pub fn is_of_nothing(&self) -> bool {
        self.watch.is_empty()
    }
}

/// How the rules that need the remotes of a folder are called, where nobody can tell these.
pub const BY_REMOTE: &str = "the rules by `remote`";

/// How the folder of a session is called, where nobody can tell which one that is.
pub const WORKING_FOLDER: &str = "the working folder";

/// What to do about a repository whose remotes nobody knows any more.
const REOPEN: &str = "and nobody can tell what its remotes were; put it back, or open the folder again";

/// Why nobody can tell yet.
const BEING_READ: &str = "they are being read";

/// Looks at the folders; `before` is what was found last. It asks `git` where rules ask for remotes, so it may take a while.
pub fn look(question: Question<'_>, before: Option<&Found>) -> Found {
    let mut watch = Watch::after(before.map(|before| &before.watch), question.now);
    // Once for all of them: who opens many waits no longer.
    let until = clock::instant() + remotes::PATIENCE;
    let places = places(question, &mut watch, |named, folder, watch| {
        let around = around(folder, watch);
        let mut found = remotes::remotes(&around, question.environment, until, watch)?;
        // What went away took with it what says whose this is.
        if let Some(gone) = watch.gone_repository(named, &found.places) {
            let last = before.and_then(|before| before.places.remotes_of(folder));
            let last = last.ok_or_else(|| format!("the repository in `{}` is gone, {REOPEN}", gone.display()))?;
            found.remotes.extend(last.into_iter().filter(|remote| !found.remotes.contains(remote)).collect::<Vec<_>>());
        }
        Ok(found.remotes)
    });
    Found { places, watch }
}

/// The same without `git`: remotes that `before` does not have are not known.
pub fn glance(question: Question<'_>, before: &Found) -> Places {
    let known = |_: &Path, folder: &Folder, _: &mut Watch| {
        before.places.remotes_of(folder).ok_or_else(|| BEING_READ.to_owned())
    };
    places(question, &mut Watch::after(Some(&before.watch), question.now), known)
}

type Asked = Result<Vec<Remote>, String>;

fn places(question: Question<'_>, watch: &mut Watch, remotes: impl Fn(&Path, &Folder, &mut Watch) -> Asked) -> Places {
    let Question { rules, folders, reads_files, .. } = question;
    let named = folders.to_vec();
    if rules.is_empty() && !reads_files {
        let place = |path: &PathBuf| Folder { path: path.clone(), ..Folder::default() };
        let place = |path: &PathBuf| Workplace { folder: place(path), ..Workplace::default() };
        return Places { folders: folders.iter().map(place).collect(), named, ..Places::default() };
    }
    let has_remotes = rules.iter().any(|rule| rule.remote.is_some());
    let rules = rules.iter().map(|rule| rule.clone().resolved(|begin| watch.real(begin))).collect();
    let asked = |named: &Path, folder: &Folder, watch: &mut Watch| match has_remotes {
        false => Ok(Vec::new()),
        // A name that was lost on the way leads to no repository.
        true if is_lossy(&folder.path) => Err("its name is not UTF-8 text".to_owned()),
        true => remotes(named, folder, watch),
    };
    let folders = folders.iter().map(|folder| place(folder, reads_files, watch, asked)).collect();
    Places { rules, folders, named, has_remotes }
}

fn is_lossy(path: &Path) -> bool {
    path.to_str().is_none_or(|path| path.contains(char::REPLACEMENT_CHARACTER))
}

fn place(
    named: &Path,
    reads_files: bool,
    watch: &mut Watch,
    remotes: impl Fn(&Path, &Folder, &mut Watch) -> Asked,
) -> Workplace {
    if !named.is_absolute() {
        return Workplace { unknown: Some(nowhere(named)), ..Workplace::default() };
    }
    watch.keep_repositories(named);
    let lost = watch.lost(named);
    let (mut folder, lost) = match names(named, watch) {
        Ok(folder) => (folder, lost),
        Err(folder) => (folder, lost.or(Some("nobody can tell where it really is"))),
    };
    if let Some(why) = lost {
        watch.try_again();
        let unknown = Some(unknown("the rules", &folder.path, why));
        return Workplace { folder, unknown, files: Vec::new() };
    }
    let found = remotes(named, &folder, watch);
    if found.is_err() {
        watch.try_again();
    }
    let files = if reads_files { files(&folder, watch) } else { Vec::new() };
    let unknown = found.as_ref().err().map(|why| unknown(BY_REMOTE, &folder.path, why));
    folder.remotes = found.unwrap_or_default();
    Workplace { folder, unknown, files }
}

/// The folder by its names, each that a link on the way gives it; as an error where nobody can tell its real one.
fn names(named: &Path, watch: &mut Watch) -> Result<Folder, Folder> {
    let mut others = watch.names(named);
    let real = watch.real(named).filter(|_| !others.is_empty());
    let path = real.clone().unwrap_or_else(|| named.to_owned());
    others.retain(|name| *name != path);
    let folder = Folder { path, named: others, remotes: Vec::new() };
    if real.is_some() { Ok(folder) } else { Err(folder) }
}

/// That nobody can tell what `rules` say of a folder.
fn unknown(rules: &str, folder: &Path, why: &str) -> Bound {
    Bound::new(format!("{rules} for `{}`", folder.display()), Err(why.to_owned()))
}

/// The same of what is no path with a root: the working folder, if it is empty, or what a client named in the place of a folder. A
/// password may stand in an address, so of one only its beginning is shown.
fn nowhere(folder: &Path) -> Bound {
    let said = folder.to_string_lossy();
    match said.split_once(':') {
        _ if said.is_empty() => {
            let why = "nobody can tell where it is: it was removed, or may not be read";
            Bound::new(WORKING_FOLDER, Err(why.to_owned()))
        }
        Some((scheme, _)) => Bound::new(format!("the folder `{scheme}:…` of the editor"), Err(NOT_HERE.to_owned())),
        None => Bound::new(format!("the folder `{said}` of the editor"), Err(NOT_HERE.to_owned())),
    }
}

/// Why rules cannot be tried for what a client names.
const NOT_HERE: &str = "it is no folder of this machine, so nobody can tell which rules hold for it";

/// The folder and those that it is in, also by its other names.
fn around(folder: &Folder, watch: &mut Watch) -> Vec<PathBuf> {
    let mut around: Vec<PathBuf> = folder.path.ancestors().map(Path::to_owned).collect();
    around.extend(around_name(folder, watch));
    around
}

/// Those of them that only another name leads through.
fn around_name(folder: &Folder, watch: &mut Watch) -> Vec<PathBuf> {
    let is_real = |path: &Path| folder.path.ancestors().any(|ancestor| ancestor == path);
    let (mut around, mut known) = (Vec::new(), HashSet::new());
    for path in folder.named.iter().flat_map(|named| named.ancestors()).filter(|path| !is_real(path)) {
        if known.insert(path.to_owned()) {
            let real = watch.real(path);
            let is_other = real.is_none_or(|real| !is_real(&real) && (real == path || known.insert(real)));
            around.extend(is_other.then(|| path.to_owned()));
        }
    }
    around
}

/// What the files in `folder` and above it say.
fn files(folder: &Folder, watch: &mut Watch) -> Vec<Bound> {
    let places = places_of_files(folder, watch);
    let read = |path: PathBuf| {
        watch.note(&path);
        narrowing(&path)
    };
    places.into_iter().filter_map(read).collect()
}

/// Where a file may be that narrows what is used in `folder`: there and above it, by all its names, up to the top of its repository. Of a
/// submodule that is the one around it.
fn places_of_files(folder: &Folder, watch: &mut Watch) -> Vec<PathBuf> {
    let mut places = up_to_top(&folder.path, watch);
    let others = around_name(folder, watch);
    for named in &folder.named {
        let above = up_to_top(named, watch);
        let above = above.into_iter().filter(|place| others.contains(place));
        let above: Vec<PathBuf> = above.filter(|place| !places.contains(place)).collect();
        places.extend(above);
    }
    places.into_iter().map(|inside| inside.join(NARROWING)).collect()
}

fn up_to_top(folder: &Path, watch: &mut Watch) -> Vec<PathBuf> {
    let is_top = |folder: &&Path| watch.note(&folder.join(remotes::MARK));
    let top = folder.ancestors().filter(is_top).last().unwrap_or(folder);
    folder.ancestors().take_while(|ancestor| ancestor.starts_with(top)).map(Path::to_owned).collect()
}

/// The files that narrow what is used in `folder`, where such files are read.
pub fn narrowing_files(folder: &Path) -> Vec<PathBuf> {
    let mut watch = Watch::default();
    let folder = names(folder, &mut watch).unwrap_or_else(|folder| folder);
    places_of_files(&folder, &mut watch).into_iter().filter(|path| path.symlink_metadata().is_ok()).collect()
}

#[cfg(test)]
mod tests;
