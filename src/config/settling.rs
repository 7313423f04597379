//! Whether `config.toml` is whole. An editor empties a file before it writes it, a disk may be full in the middle of it, and a slow
//! file system shows its beginning for a while: what is cut is good TOML with a rule, a line of one or all of them less. So a file
//! that says of them the same as before is taken at once, one that says something else when nobody writes it, and one that says
//! less when it has stood for a while. That is by the clock of the process, since the one of a file server may be another. Less is
//! also where an entry is not there any more, word for word, whatever has come in its place: of a file that gets one more in
//! front the last one is missing at first.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use serde_json::Value;
use toml_edit::{Item, Table};

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
    /// Of each list.
    pub lists: [Entries; LISTS.len()],
    /// Whether it lets projects narrow themselves.
    pub narrows: bool,
    /// Of its words as they were taken, whether they can be read or not.
    mark: Option<KeyMark>,
}

/// What a file says in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// The entries and their lines.
    pub amount: usize,
    /// A mark of each entry; none where only the amount was noted.
    marks: HashSet<KeyMark>,
    /// What each is told by from others.
    names: BTreeSet<String>,
}

impl Entries {
    fn add(&mut self, list: &List, table: &Table) {
        self.amount += 1 + table.len();
        let entry = json_of(&Item::Table(table.clone()));
        let names = list.names.iter().filter_map(|name| entry.get(name)).map(ToString::to_string);
        self.names.insert(names.collect::<Vec<_>>().join(" and "));
        self.marks.insert(KeyMark::of(entry.to_string().as_bytes()));
    }

    fn is_less_than(&self, before: &Entries) -> bool {
        self.amount < before.amount || !before.marks.is_subset(&self.marks)
    }
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
    /// Of all its words. Who writes the same again does not begin anew.
    words: Option<KeyMark>,
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
        let noted = |list: List| {
            let amount = if counts(&list, reads_keys) { held::noted(paths, list.notes) } else { 0 };
            Entries { amount, ..Entries::default() }
        };
        Said { lists: LISTS.map(noted), narrows: held::is_noted(paths, held::PROJECT_FILES), mark: None }
    }

    /// `None` where nobody can tell.
    fn of(file: &TomlFile, reads_keys: bool) -> Option<Said> {
        let document = file.said()?;
        let (mut lists, mut text) = (LISTS.map(|_| Entries::default()), String::new());
        for (list, entries) in LISTS.iter().zip(&mut lists).filter(|(list, _)| counts(list, reads_keys)) {
            for table in list.read(file, false).ok()? {
                entries.add(list, &table);
                text.extend([list.name, "\n", table.to_string().as_str(), "\n"]);
            }
        }
        let routing = document.get("routing").and_then(Item::as_table_like);
        let narrows = routing.and_then(|routing| routing.get("project_files")).map(json_of);
        let narrows = narrows.is_some_and(|value| Shape::Bool.accept(&value) == Some(Value::Bool(true)));
        text.extend(narrows.then_some("project_files"));
        Some(Said { lists, narrows, mark: Some(KeyMark::of(text.as_bytes())) })
    }

    /// What is gone of each list since `before`, which may be what its owner wants.
    pub fn lost<'s>(&'s self, before: &'s Said) -> impl Iterator<Item = String> + 's {
        let both = LISTS.iter().zip(self.lists.iter().zip(&before.lists));
        both.filter_map(|(list, (now, before))| {
            let name = list.name;
            if now.amount < before.amount {
                return Some(format!("there is less in `{name}` than before"));
            }
            let gone = before.names.difference(&now.names).next()?;
            Some(format!("nothing in `{name}` is for {gone} any more"))
        })
    }

    fn is_less_than(&self, before: &Said) -> bool {
        let mut both = self.lists.iter().zip(&before.lists);
        both.any(|(now, before)| now.is_less_than(before)) || before.narrows && !self.narrows
    }

    /// Whether a list that was in force cannot be read in `file`.
    pub fn is_lost_in(&self, file: &TomlFile, reads_keys: bool) -> bool {
        let mut known = LISTS.iter().zip(&self.lists).filter(|(list, _)| counts(list, reads_keys));
        known.any(|(list, entries)| list.read(file, entries.amount > 0).is_err())
    }

    /// Whether there is anything in a list.
    pub fn is_there(&self) -> bool {
        self.lists.iter().any(|entries| entries.amount > 0)
    }

    /// What stays in force of the list at `at`, whatever the file says: what was there `before`, where not all of it can be read,
    /// and something, where `is_there`.
    pub fn keep(&mut self, at: usize, before: Option<&Said>, is_there: bool) {
        let entries = &mut self.lists[at];
        if let Some(before) = before.map(|before| &before.lists[at]) {
            *entries = Entries { amount: entries.amount.max(before.amount), ..before.clone() };
        }
        entries.amount = entries.amount.max(usize::from(is_there));
    }

    /// What becomes of `file`, after this was in force.
    pub fn then(&self, file: &TomlFile, looked: &Looked) -> Outcome {
        let Looked { is_start, is_broken, reads_keys, now, waiting } = *looked;
        let words = file.said().map(|document| KeyMark::of(document.raw().as_bytes()));
        let is_it = |waiting: &Waiting| match waiting.words {
            Some(before) => words == Some(before),
            None => waiting.stamp == file.stamp(),
        };
        let seen = waiting.filter(is_it);
        let since = seen.map_or(now, |seen| seen.since);
        let said = Said::of(file, reads_keys);
        let is_unknown = is_broken && !self.is_there() && said.is_some();
        let is_less = said.as_ref().is_some_and(|said| said.is_less_than(self));
        let is_same = said.as_ref().is_some_and(|said| said.mark == self.mark);
        let is_taken = match () {
            () if is_same => true,
            () if is_less && is_start => file.has_stood(SURE, now),
            () if is_less || is_unknown => file.is_at_rest(now) && now.since(since) >= SURE,
            // Nothing can be taken away.
            () => is_start || !self.is_there() || file.is_at_rest(now),
        };
        if is_taken {
            return Outcome::Taken(said.unwrap_or_else(|| self.clone()));
        }
        Outcome::Waits(Waiting { stamp: file.stamp(), words, since })
    }
}

/// Only who reads the keys of the proxy looks whether some of them are gone.
fn counts(list: &List, reads_keys: bool) -> bool {
    reads_keys || list.name != PROXY_KEYS.name
}
