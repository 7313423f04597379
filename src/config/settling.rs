//! Whether `config.toml` is whole. An editor empties a file before it writes it, a disk may be full in the middle of it, and a slow
//! file system shows its beginning for a while: what is cut is good TOML with a rule, a line of one or all of them less. So a file
//! that says of them the same as before is taken at once, one that says something else when nobody writes it, and one that says
//! less when it has stood for a while. That is by the clock of the process, since the one of a file server may be another.

use std::time::Duration;

use serde_json::Value;
use toml_edit::Item;

use super::entries::{LISTS, List, PROXY_KEYS};
use super::held;
use super::keys::Shape;
use super::toml_file::TomlFile;
use super::toml_value::json_of;
use crate::domain::time::Timestamp;
use crate::files::Stamp;
use crate::paths::Paths;
use crate::secrets::KeyMark;

/// How long what says less must have stood.
pub const SURE: Duration = Duration::from_secs(2);

/// Why a file cannot be read yet.
pub const CUT: &str = "it says less than before and was written a moment ago, so there may be more to come";

/// How much a file says of what fails closed, and a mark of it. Nothing of a key can be read off it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The entries of each list and their lines.
    pub lists: [usize; LISTS.len()],
    /// Whether it lets projects narrow themselves.
    pub narrows: bool,
    mark: Option<KeyMark>,
}

/// What is known when a file was read.
#[derive(Clone, Copy, Debug)]
pub struct Looked {
    /// The process begins, so it goes by the times of the file.
    pub is_start: bool,
    /// Nobody could tell until now what the file says.
    pub is_broken: bool,
    /// The keys of the proxy are read.
    pub reads_keys: bool,
    /// When it was read.
    pub now: Timestamp,
    /// What was waited for until now.
    pub waiting: Option<Waiting>,
}

/// What is to be done with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is what its owner wants.
    Taken(Said),
    /// It is to be looked at again, and until then what was before stays.
    Waits(Waiting),
}

/// A file that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    stamp: Option<Stamp>,
    since: Timestamp,
}

/// Whether a process that starts at `now` would have to wait.
pub fn is_cut(paths: &Paths, reads_keys: bool, now: Timestamp) -> bool {
    let looked = Looked { is_start: true, is_broken: false, reads_keys, now, waiting: None };
    let outcome = Said::noted(paths, reads_keys).then(&TomlFile::read(&paths.config_file), &looked);
    matches!(outcome, Outcome::Waits(_))
}

impl Said {
    /// What was noted when the file was read last.
    pub fn noted(paths: &Paths, reads_keys: bool) -> Said {
        let noted = |list: List| if counts(&list, reads_keys) { held::noted(paths, list.notes) } else { 0 };
        Said { lists: LISTS.map(noted), narrows: held::is_noted(paths, held::PROJECT_FILES), mark: None }
    }

    /// `None` where nobody can tell.
    fn of(file: &TomlFile, reads_keys: bool) -> Option<Said> {
        let document = file.said()?;
        let (mut lists, mut text) = ([0; LISTS.len()], String::new());
        for (list, amount) in LISTS.iter().zip(&mut lists).filter(|(list, _)| counts(list, reads_keys)) {
            for table in list.read(file, false).ok()? {
                *amount += 1 + table.len();
                text.extend([list.name, "\n", table.to_string().as_str(), "\n"]);
            }
        }
        let routing = document.get("routing").and_then(Item::as_table_like);
        let narrows = routing.and_then(|routing| routing.get("project_files")).map(json_of);
        let narrows = narrows.is_some_and(|value| Shape::Bool.accept(&value) == Some(Value::Bool(true)));
        Some(Said { lists, narrows, mark: Some(KeyMark::of(text.as_bytes())) })
    }

    /// The lists of which there is less than `before`.
    pub fn shorter<'s>(&'s self, before: &'s Said) -> impl Iterator<Item = &'static str> + 's {
        let both = LISTS.iter().zip(self.lists.iter().zip(&before.lists));
        both.filter(|(_, (now, before))| now < before).map(|(list, _)| list.name)
    }

    fn is_less_than(&self, before: &Said) -> bool {
        self.shorter(before).next().is_some() || before.narrows && !self.narrows
    }

    /// Whether there is anything in a list.
    pub fn is_there(&self) -> bool {
        self.lists.iter().any(|amount| *amount > 0)
    }

    /// Of the list at `at` at least `amount` stays in force, whatever the file says.
    pub fn keep(&mut self, at: usize, amount: usize) {
        if self.lists[at] < amount {
            self.lists[at] = amount;
            self.mark = None;
        }
    }

    /// What becomes of `file`, after this was in force.
    pub fn then(&self, file: &TomlFile, looked: &Looked) -> Outcome {
        let Looked { is_start, is_broken, reads_keys, now, waiting } = *looked;
        let seen = waiting.filter(|waiting| waiting.stamp == file.stamp());
        let since = seen.map_or(now, |seen| seen.since);
        let said = Said::of(file, reads_keys);
        let is_unknown = is_broken && !self.is_there() && said.is_some();
        let is_less = said.as_ref().is_some_and(|said| said.is_less_than(self));
        let is_same = said.as_ref().is_some_and(|said| said.mark == self.mark);
        let is_taken = match () {
            () if is_less && is_start => file.has_stood(SURE, now),
            () if is_less || is_unknown => file.is_at_rest(now) && now.since(since) >= SURE,
            // Nothing can be taken away.
            () => is_same || is_start || !self.is_there() || file.is_at_rest(now),
        };
        if is_taken {
            return Outcome::Taken(said.unwrap_or_else(|| self.clone()));
        }
        Outcome::Waits(Waiting { stamp: file.stamp(), since })
    }
}

/// Only who reads the keys of the proxy looks whether some of them are gone.
fn counts(list: &List, reads_keys: bool) -> bool {
    reads_keys || list.name != PROXY_KEYS.name
}
