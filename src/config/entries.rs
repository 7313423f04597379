//! Lists of tables in `config.toml` whose entries fail closed: what is common to the rules of projects and the keys of the proxy.

use toml_edit::{Document, InlineTable, Item, Table, TableLike};

use super::held::{Notes, PROJECT_FILES};
use super::keys::KEYS;
use super::toml_file::{Content, TomlFile};
use super::toml_value::json_of;
use crate::domain::near;
use crate::domain::usage::Usd;

/// The rules of projects.
pub const RULES: List = List {
    name: "projects",
    marks: ["path", "remote"],
    names: &["path", "remote"],
    notes: Notes { folder: "projects-held", of: "rules of `projects`" },
};

/// The keys of the proxy.
pub const PROXY_KEYS: List = List {
    name: "proxy.keys",
    marks: ["key", "key_file"],
    names: &["name"],
    notes: Notes { folder: "proxy-keys-held", of: "keys of `proxy.keys`" },
};

/// Every such list.
pub const LISTS: [List; 2] = [RULES, PROXY_KEYS];

/// All that is noted of a file.
pub const ALL_NOTES: [Notes; 3] = [RULES.notes, PROXY_KEYS.notes, PROJECT_FILES];

/// A list of tables that fails closed.
pub struct List {
    /// Its name, such as `proxy.keys`.
    pub name: &'static str,
    /// What an entry has beside `accounts`, any of them: by that it is known where the list has another name.
    pub marks: [&'static str; 2],
    /// By which of its keys an entry is told from others.
    pub names: &'static [&'static str],
    /// What is noted of it.
    pub notes: Notes,
}

impl List {
    /// The tables that stand in `file`, or why nobody can tell. `held`: there were some when it was read before, or may have been.
    pub fn read(&self, file: &TomlFile, held: bool) -> Result<Vec<Table>, String> {
        let (place, entries) = (file.place(), self.notes.of);
        match &file.content {
            Content::Good(_) if held && file.is_blank() => Err(format!(
                "{place}: there is nothing in it, and {entries} stood in it: put them back, or write a line such as `# none`"
            )),
            Content::Good(document) => self.tables(file, document),
            Content::Missing if held => Err(format!(
                "{place}: the file is gone, and {entries} stood in it: put it back, or make one with a line such as `# none`"
            )),
            Content::Unreadable { why, text } if held || self.stands_in(text) => Err(format!(
                "{place}: it cannot be read ({why}), and {entries} stood in it: mend that, or put a file with a line such as `# none` in its place"
            )),
            Content::Broken { text, line, why } if held || self.stands_in(text) => {
                Err(format!("{}: it is not valid TOML: {why}", file.place_of_line(*line)))
            }
            Content::Missing | Content::Unreadable { .. } | Content::Broken { .. } => Ok(Vec::new()),
        }
    }

    /// The tables, in each way that TOML can spell them.
    fn tables(&self, file: &TomlFile, document: &Document<String>) -> Result<Vec<Table>, String> {
        let wrong = |item: &Item| {
            let place = file.place_of(item.span());
            format!("{place}: `{0}` is not a list of tables; write `[[{0}]]`, with two brackets, for each", self.name)
        };
        if let Some(misspelt) = self.misspelt(document) {
            return Err(format!("{}: unknown list `{misspelt}`; did you mean `{}`?", file.place(), self.name));
        }
        match self.item(document) {
            None => Ok(Vec::new()),
            Some(Item::ArrayOfTables(tables)) => Ok(tables.iter().cloned().collect()),
            // `projects = [{…}]`
            Some(item) => {
                let values = item.as_array().ok_or_else(|| wrong(item))?;
                let tables = values.iter().map(|value| value.as_inline_table().cloned().map(InlineTable::into_table));
                tables.collect::<Option<_>>().ok_or_else(|| wrong(item))
            }
        }
    }

    fn item<'d>(&self, document: &'d Document<String>) -> Option<&'d Item> {
        let within = self.name.split_once('.').and_then(|(table, own)| table_in(document, table)?.get(own));
        within.or_else(|| document.get(self.name))
    }

    /// What is no key, and was surely meant to be this list.
    fn misspelt(&self, document: &Document<String>) -> Option<String> {
        let within = self.name.split_once('.').and_then(|(table, own)| {
            let unknown = unknown_like(table_in(document, table)?, &format!("{table}."), own)?;
            Some(format!("{table}.{unknown}"))
        });
        let near = within.or_else(|| unknown_like(document.as_table(), "", self.name).map(str::to_owned));
        near.or_else(|| self.disguised(document.as_table(), ""))
    }

    /// What is no list of ours and has entries like those of this one, at any depth of `table`, whose name and a dot is `prefix`.
    fn disguised(&self, table: &dyn TableLike, prefix: &str) -> Option<String> {
        let is_entry = |table: &dyn TableLike| {
            table.iter().any(|(key, _)| is_near(key, "accounts"))
                && self.marks.iter().any(|mark| table.contains_key(mark))
        };
        table.iter().find_map(|(own, item)| {
            let name = format!("{prefix}{own}");
            if LISTS.iter().any(|list| list.name == name) || KEYS.iter().any(|key| key.toml == name) {
                return None;
            }
            let is_list = match item {
                Item::ArrayOfTables(tables) => tables.iter().any(|table| is_entry(table)),
                item => item.as_array().is_some_and(|list| {
                    list.iter().filter_map(toml_edit::Value::as_inline_table).any(|table| is_entry(table))
                }),
            };
            let table = item.as_table_like();
            if is_list || table.is_some_and(is_entry) {
                return Some(name);
            }
            self.disguised(table?, &format!("{name}."))
        })
    }

    /// Whether a text that is not TOML looks as if something stood in it. What a person has commented out does not.
    fn stands_in(&self, text: &str) -> bool {
        let is_word = |letter: char| letter.is_alphanumeric() || "-_".contains(letter);
        // Also one of another encoding, whose letters have zeros between them, and of a system whose lines end otherwise.
        let text = text.replace('\0', "");
        let lines = text.split(['\n', '\r']).filter(|line| !line.trim_start().starts_with('#'));
        let mut lines = lines.map(|line| line.split(move |letter| !is_word(letter)).filter(|word| !word.is_empty()));
        match self.name.split_once('.') {
            None => lines.any(|mut words| words.next().is_some_and(|word| is_near(word, self.name))),
            // It may be spelled in many ways: `[[proxy.keys]]`, `keys = […]` in `[proxy]`, `proxy = { keys = […] }`.
            Some((table, own)) => {
                let words: Vec<&str> = lines.flatten().collect();
                words.contains(&table) && words.iter().any(|word| is_near(word, own))
            }
        }
    }
}

fn table_in<'d>(document: &'d Document<String>, name: &str) -> Option<&'d dyn TableLike> {
    document.get(name).and_then(Item::as_table_like)
}

fn is_near(word: &str, name: &str) -> bool {
    !near::near(word, [name]).is_empty()
}

/// A table or a list of tables that is none of ours, with a name that is nearly `name`.
fn unknown_like<'t>(table: &'t dyn TableLike, prefix: &str, name: &str) -> Option<&'t str> {
    let is_list = |item: &Item| item.as_array().is_some_and(|list| list.iter().any(toml_edit::Value::is_inline_table));
    let is_ours = |own: &str| {
        let path = format!("{prefix}{own}");
        KEYS.iter().any(|key| key.toml.strip_prefix(&path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    };
    let is_meant = |(own, item): &(&str, &Item)| {
        let is_a_list = item.is_array_of_tables() || is_list(item);
        *own != name && (is_a_list || item.is_table_like() && !is_ours(own)) && is_near(own, name)
    };
    table.iter().find(is_meant).map(|(own, _)| own)
}

/// That every key of an entry is one of `keys`; `what` is how an entry is called. Else the key, and what is wrong with it.
pub fn unknown_key<'t>(table: &'t Table, keys: &[&'static str], what: &str) -> Result<(), (&'t str, String)> {
    let Some((unknown, _)) = table.iter().find(|(key, _)| !keys.contains(key)) else { return Ok(()) };
    let meant = near::near(unknown, keys.iter().copied()).first().map(|meant| format!("did you mean `{meant}`?"));
    let meant = meant.unwrap_or_else(|| format!("{what} has {}", keys.join(", ")));
    Err((unknown, format!("unknown key `{unknown}`; {meant}")))
}

/// The amount of an entry under `name`, if it has one.
pub fn usd(table: &Table, name: &str) -> Result<Option<Usd>, String> {
    let Some(given) = table.get(name).map(json_of) else { return Ok(None) };
    given
        .as_f64()
        .and_then(Usd::from_usd)
        .map(Some)
        .ok_or_else(|| format!("`{name}` cannot be `{given}`; it is a number of USD from 0 to less than nine million"))
}
