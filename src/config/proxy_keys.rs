//! The keys of `[[proxy.keys]]`: several clients of one `proxy`, each with its accounts and its budget. As the rules of projects they
//! fail closed: an entry that cannot be read serves nothing, unless the one of its name and its key that held before still does.

pub mod key_file;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use toml_edit::Table;

use super::DEFAULT_PROXY_KEY;
use super::entries::{Complaint, List, PROXY_KEYS, unknown_key, usd};
use super::projects::accounts;
use super::toml_file::TomlFile;
use super::toml_value::json_of;
use crate::domain::account_set::Selection;
use crate::domain::projects::Bound;
use crate::domain::usage::{Budget, Purse, Usd};
use crate::files::Stamp;
use crate::secrets::{KeyMark, is_word};
use key_file::{KeyFile, NOT_A_WORD, is_variable};

/// The list.
pub(super) const LIST: List = PROXY_KEYS;

/// What may stand in an entry.
const KEYS: [&str; 6] = ["name", "key_file", "key", "accounts", "daily_limit_usd", "monthly_limit_usd"];

/// What an entry is told that does not say which accounts are its.
const NO_ACCOUNTS: &str =
    "it has no `accounts`; `[\"*\"]` is all that the proxy may use, and an empty list allows none";

/// No key is shorter, in bytes: others could guess it.
const SHORTEST_KEY: usize = 8;

/// No name of a key is longer.
const LONGEST_NAME: usize = 64;

/// One entry.
#[derive(Clone, Debug)]
pub struct ProxyKey {
    /// How people call it.
    pub name: Arc<str>,
    /// Its number in the file, from 1.
    pub number: usize,
    /// The file and line.
    pub place: String,
    /// The file that the key is in.
    pub file: Option<PathBuf>,
    /// What is wrong with the entry as it is written now, where the one before it holds on.
    held: Option<String>,
    /// What it may be used for, or why that cannot be told.
    grant: Result<Grant, String>,
    /// What it is recognised by; `None` where the key itself cannot be read.
    mark: Option<KeyMark>,
}

/// What a key may be used for.
#[derive(Clone, Debug, PartialEq)]
struct Grant {
    /// `None` for all that the proxy may use.
    accounts: Option<Selection>,
    daily: Option<Usd>,
    monthly: Option<Usd>,
}

impl ProxyKey {
    /// The entry in a message, with its line. Its client reads this too, who is not told where files of the server are.
    pub fn title(&self) -> String {
        let place = Path::new(&self.place).file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        match &self.held {
            Some(why) => format!("{} ({place}; as it was before, because {why})", self.brief()),
            None => format!("{} ({place})", self.brief()),
        }
    }

    /// The same without the place.
    fn brief(&self) -> String {
        format!("key `{}`", self.name)
    }

    /// Why it serves nothing.
    pub fn fault(&self) -> Option<&str> {
        self.grant.as_ref().err().map(String::as_str)
    }

    /// What narrows the requests that come with it; `None` where they may use all that the proxy may.
    pub fn bound(&self) -> Option<Bound> {
        let accounts = match &self.grant {
            Ok(grant) => Ok(grant.accounts.clone()?),
            Err(why) => Err(why.clone()),
        };
        Some(Bound { name: self.title(), brief: self.brief(), accounts })
    }

    /// What is counted for it, and what may be spent with it.
    pub fn budget(&self) -> Budget {
        let (daily, monthly) = self.grant.as_ref().map_or((None, None), |grant| (grant.daily, grant.monthly));
        Budget { purse: Purse::key(&self.name), title: self.title(), daily, monthly }
    }

    /// Whether it is the key that `shown` is of. This takes as long for every one.
    pub fn is(&self, shown: &KeyMark) -> bool {
        self.mark.as_ref().is_some_and(|mark| mark.is(shown))
    }
}

/// The keys in force.
#[derive(Clone, Debug, Default)]
pub struct ProxyKeys {
    /// In the order of the file.
    pub keys: Arc<[Arc<ProxyKey>]>,
    /// Why nobody can tell which keys there are.
    pub broken: Option<String>,
    /// The files of keys, as they were just before they were read.
    stamps: Vec<(PathBuf, Option<Stamp>)>,
    /// The proxy's own key, and each that was that since the process began: an entry with it would be all that narrows it.
    own: Vec<KeyMark>,
    /// There is an entry or may be, or was since the process began: who takes the last one away means to take a key back, not to
    /// let the key in that everybody knows.
    pub were_there: bool,
    /// Something of the configuration was read before.
    is_read: bool,
}

impl ProxyKeys {
    /// Whether there is any entry, or there may be.
    pub fn are_there(&self) -> bool {
        !self.keys.is_empty() || self.broken.is_some()
    }

    /// The same, where `own` is the proxy's own key now.
    pub(super) fn beside(&self, own: &str) -> ProxyKeys {
        let mut keys = self.clone();
        let own = KeyMark::of(own.trim().as_bytes());
        if !keys.own.iter().any(|known| known.is(&own)) {
            keys.own.push(own);
        }
        keys
    }

    /// The key of this name.
    pub fn named(&self, name: &str) -> Option<&Arc<ProxyKey>> {
        self.keys.iter().find(|key| *key.name == *name)
    }

    /// What became of the keys since they were those of `before`: who takes one back or replaces it sees that it holds.
    pub fn changes_since(&self, before: &ProxyKeys) -> Vec<String> {
        let mark = |keys: &ProxyKeys, name: &str| keys.named(name).and_then(|key| key.mark);
        let gone = before.keys.iter().filter(|key| key.mark.is_some() && mark(self, &key.name).is_none());
        let gone = gone.map(|key| format!("key `{}` was taken back", key.name));
        let come = self.keys.iter().filter_map(|key| {
            let now = key.mark.as_ref()?;
            match mark(before, &key.name) {
                None => Some(format!("key `{}` opens the proxy now", key.name)),
                Some(then) if !then.is(now) => Some(format!("key `{}` was replaced", key.name)),
                Some(_) => None,
            }
        });
        gone.chain(come).collect()
    }

    /// Whether `key`, which was one of them, is still: its client's, under its name.
    pub fn still_have(&self, key: &ProxyKey) -> bool {
        let of_name = self.named(&key.name).and_then(|now| now.mark.as_ref());
        of_name.is_some_and(|now| key.is(now))
    }

    /// The key that `shown` is of. It is compared with every one of them, whichever it is. Of two that have it, the one that
    /// serves is meant: the other one came later.
    pub fn recognise(&self, shown: &KeyMark) -> Option<&Arc<ProxyKey>> {
        let mut found: Option<&Arc<ProxyKey>> = None;
        for key in self.keys.iter() {
            let is_it = key.is(shown);
            if is_it && found.is_none_or(|known| known.fault().is_some()) {
                found = Some(key);
            }
        }
        found
    }

    /// Whether a file of a key is another one than when it was read.
    pub fn has_changed(&self) -> bool {
        self.stamps.iter().any(|(path, stamp)| Stamp::at(path) != *stamp)
    }

    /// What the file says now, after these keys were in force; and what to complain of. `is_noted`: keys stood in it when a process
    /// read it last.
    pub(super) fn follow(&self, file: &TomlFile, home: Option<&Path>, is_noted: bool) -> (ProxyKeys, Vec<Complaint>) {
        let (mut keys, complaints) = match LIST.read(file, is_noted || self.are_there()) {
            Ok(tables) => self.entries(file, &tables, home),
            Err(why) if self.is_read && self.broken.is_none() => {
                let outcome = format!("the keys of `{}` that held before stay", LIST.name);
                (self.with_their_files(), vec![Complaint { why, outcome }])
            }
            Err(why) => {
                let broken = Some(why.clone());
                let outcome = format!("no key of `{}` serves", LIST.name);
                (ProxyKeys { broken, is_read: true, ..ProxyKeys::default() }, vec![Complaint { why, outcome }])
            }
        };
        keys.own.clone_from(&self.own);
        keys.were_there = self.were_there || keys.are_there();
        (keys, complaints)
    }

    /// These keys, with what is in their files now. One whose file is gone is taken back; where it holds no key, none is let in
    /// until it does.
    pub(super) fn with_their_files(&self) -> ProxyKeys {
        let (mut keys, mut stamps) = (Vec::<Arc<ProxyKey>>::new(), Vec::new());
        for key in self.keys.iter() {
            let Some(path) = &key.file else {
                keys.push(Arc::clone(key));
                continue;
            };
            let file = KeyFile::read(path.clone());
            stamps.push((path.clone(), file.stamp));
            if file.stamp.is_none() {
                continue;
            }
            let mark = file.key().and_then(mark_of).ok();
            // What is another's key, or was until now, must not become two of them.
            let of_others = || self.keys.iter().chain(&keys).filter(|other| other.name != key.name);
            // One that serves keeps its key beside those that are refused for having it too.
            let keeps = |mark: &KeyMark| key.fault().is_none() && key.is(mark);
            let is_taken =
                |mark: &KeyMark| of_others().any(|other| other.is(mark) && !(keeps(mark) && other.fault().is_some()));
            let mark = mark.filter(|mark| !self.is_own(mark) && !is_taken(mark));
            keys.push(Arc::new(ProxyKey { mark, ..ProxyKey::clone(key) }));
        }
        ProxyKeys { keys: keys.into(), stamps, ..self.clone() }
    }

    /// Whether it is the proxy's own key.
    fn is_own(&self, mark: &KeyMark) -> bool {
        self.own.iter().any(|own| own.is(mark))
    }

    fn entries(&self, file: &TomlFile, tables: &[Table], home: Option<&Path>) -> (ProxyKeys, Vec<Complaint>) {
        let folder = file.folder();
        let read = tables.iter().enumerate().map(|(at, table)| {
            let place = file.place_of(table.span());
            Entry::read(table, at + 1, place, |path| key_file::place(path, &folder, home))
        });
        let mut entries: Vec<Entry> = read.collect();
        refuse_doubles(&mut entries);
        for Entry { key, .. } in &mut entries {
            if key.grant.is_ok() && key.mark.as_ref().is_some_and(|mark| self.is_own(mark)) {
                key.grant =
                    Err("its key is the proxy's own, which may use every account; give it another one".to_owned());
            }
        }
        let mut names = BTreeMap::<Arc<str>, usize>::new();
        for entry in &entries {
            *names.entry(Arc::clone(&entry.key.name)).or_default() += 1;
        }
        let (mut keys, mut stamps, mut complaints) = (Vec::new(), Vec::new(), Vec::new());
        for Entry { mut key, file } in entries {
            stamps.extend(file.map(|file| (file.path, file.stamp)));
            let Some(why) = key.fault() else {
                keys.push(Arc::new(key));
                continue;
            };
            // Whoever writes another key, or what is none, takes the one that was there back.
            let has_its_key = |before: &&Arc<ProxyKey>| key.mark.as_ref().is_some_and(|mark| before.is(mark));
            let before = self.named(&key.name).filter(|before| before.fault().is_none()).filter(has_its_key);
            // Two entries of one name must not become one key twice.
            let before = before.filter(|before| !keys.iter().any(|known: &Arc<ProxyKey>| known.name == before.name));
            let outcome = match before {
                Some(_) => "the one that held before stays",
                None => "it serves nothing",
            };
            let held = before.map(|before| ProxyKey { held: Some(why.to_owned()), ..ProxyKey::clone(before) });
            let why = format!("{}: key {} of `{}`: {why}", key.place, key.number, LIST.name);
            complaints.push(Complaint { why, outcome: outcome.to_owned() });
            let refused = || {
                // What is refused for its name must not be taken for the one that has it.
                if names.get(&key.name).is_some_and(|count| *count > 1) {
                    key.name = format!("{} #{}", key.name, key.number).into();
                }
                Arc::new(key)
            };
            keys.push(held.map_or_else(refused, Arc::new));
        }
        (ProxyKeys { keys: keys.into(), stamps, is_read: true, ..ProxyKeys::default() }, complaints)
    }
}

/// An entry as it was read.
struct Entry {
    key: ProxyKey,
    file: Option<KeyFile>,
}

impl Entry {
    fn read(table: &Table, number: usize, place: String, file: impl FnOnce(&str) -> Result<PathBuf, String>) -> Entry {
        let name = name(table);
        // Without one it is still to be told from the others.
        let called = name.clone().unwrap_or_else(|_| format!("#{number}"));
        let (mark, file) = match given(table, file) {
            Ok(Given::Key(key)) => (mark_of(&key), None),
            Ok(Given::File(file)) => (file.key().and_then(mark_of), Some(file)),
            Err(why) => (Err(why), None),
        };
        let grant = unknown_key(table, &KEYS, "an entry").map_err(|(_, why)| why).and(name).and_then(|_| {
            mark.clone()?;
            // An entry that lost this line must not be one that may use every account.
            let words = table.get("accounts").ok_or_else(|| NO_ACCOUNTS.to_owned())?;
            Ok(Grant {
                accounts: accounts(Some(json_of(words))).map(|words| (!words.is_all()).then_some(words))?,
                daily: usd(table, "daily_limit_usd")?,
                monthly: usd(table, "monthly_limit_usd")?,
            })
        });
        let path = file.as_ref().map(|file| file.path.clone());
        let key = ProxyKey { name: called.into(), number, place, file: path, held: None, grant, mark: mark.ok() };
        Entry { key, file }
    }
}

/// Where a key comes from.
enum Given {
    Key(String),
    File(KeyFile),
}

fn given(table: &Table, file: impl FnOnce(&str) -> Result<PathBuf, String>) -> Result<Given, String> {
    // What stands there may be the key itself.
    let text = |name: &str| match table.get(name) {
        None => Ok(None),
        Some(item) => item.as_str().map(Some).ok_or_else(|| format!("`{name}` is not a text")),
    };
    match (text("key")?, text("key_file")?) {
        (Some(key), None) => Ok(Given::Key(key.to_owned())),
        (None, Some(path)) => Ok(Given::File(KeyFile::read(file(path)?))),
        (Some(_), Some(_)) => Err("it has a `key` and a `key_file`; write one of them".to_owned()),
        (None, None) => Err("it has neither `key_file` nor `key`".to_owned()),
    }
}

fn mark_of(key: &str) -> Result<KeyMark, String> {
    match key.trim() {
        "" => Err("its key is empty".to_owned()),
        DEFAULT_PROXY_KEY => Err("its key is the built-in one, which everybody knows".to_owned()),
        key if is_variable(key) => Err("its key is a variable, and these are not read here; use `key_file`".to_owned()),
        key if key.len() < SHORTEST_KEY => {
            Err(format!("its key is shorter than {SHORTEST_KEY} characters, so others could guess it"))
        }
        key if is_word(key) => Ok(KeyMark::of(key.as_bytes())),
        _ => Err(NOT_A_WORD.to_owned()),
    }
}

fn name(table: &Table) -> Result<String, String> {
    let is_name = |name: &&str| {
        (1..=LONGEST_NAME).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let wrong = || format!("`name` is not 1 to {LONGEST_NAME} letters, digits, `-`, `_` and `.`");
    match table.get("name").map(json_of) {
        None => Err("it has no `name`".to_owned()),
        Some(Value::String(name)) => Some(name.as_str()).filter(is_name).map(str::to_owned).ok_or_else(wrong),
        Some(_) => Err(wrong()),
    }
}

/// Nobody can tell which of two entries with one name or one key is meant.
fn refuse_doubles(entries: &mut [Entry]) {
    let others = |entries: &[Entry], at: usize, is_same: &dyn Fn(&ProxyKey, &ProxyKey) -> bool| {
        let own = &entries[at].key;
        entries
            .iter()
            .enumerate()
            .find(|(other, entry)| *other != at && is_same(own, &entry.key))
            .map(|(other, _)| other + 1)
    };
    let whys: Vec<Option<String>> = (0..entries.len())
        .map(|at| {
            let of_name = others(entries, at, &|own, other| own.name == other.name);
            let of_key = others(entries, at, &|own, other| own.mark.is_some() && own.mark == other.mark);
            let named = of_name.map(|other| format!("key {other} has the same name"));
            named.or_else(|| of_key.map(|other| format!("key {other} is the same")))
        })
        .collect();
    for (entry, why) in entries.iter_mut().zip(whys) {
        if let (Some(why), Ok(_)) = (why, &entry.key.grant) {
            entry.key.grant = Err(why);
        }
    }
}

#[cfg(test)]
mod tests;
