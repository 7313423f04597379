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
    words: &[
        "dir",
        "directories",
        "directory",
        "dirs",
        "folder",
        "folders",
        "path",
        "paths",
        "remote",
        "remotes",
        "repo",
        "repos",
        "repositories",
        "repository",
        "workspace",
        "workspaces",
    ],
    names: &["path", "remote"],
    notes: Notes { folder: "projects-held", of: "rules of `projects`" },
};

/// The keys of the proxy.
pub const PROXY_KEYS: List = List {
    name: "proxy.keys",
    words: &[
        "apikey",
        "apikeys",
        "bearer",
        "key",
        "keyfile",
        "keys",
        "password",
        "secret",
        "token",
        "tokenfile",
        "tokens",
    ],
    names: &["name"],
    notes: Notes { folder: "proxy-keys-held", of: "keys of `proxy.keys`" },
};

/// What people may call `accounts`, [bare](bare).
const WORDS_OF_ACCOUNTS: [&str; 8] = ["allow", "allowed", "allowedaccounts", "allows", "only", "use", "uses", "using"];

/// Every such list.
pub const LISTS: [List; 2] = [RULES, PROXY_KEYS];

/// All that is noted of a file.
pub const ALL_NOTES: [Notes; 3] = [RULES.notes, PROXY_KEYS.notes, PROJECT_FILES];

/// What is wrong with a list or an entry of it, and what holds until that is mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong, with its place.
    pub why: String,
    /// What becomes of it.
    pub outcome: String,
}

/// They as people read them. What is wrong with the file is wrong with every list in it, and said once.
pub fn warnings(complaints: impl IntoIterator<Item = Complaint>) -> Vec<String> {
    let mut said: Vec<Complaint> = Vec::new();
    for Complaint { why, outcome } in complaints {
        match said.iter_mut().find(|said| said.why == why) {
            Some(said) => said.outcome.extend([" and ", outcome.as_str()]),
            None => said.push(Complaint { why, outcome }),
        }
    }
    said.into_iter().map(|Complaint { why, outcome }| format!("{why}; {outcome} until that is mended")).collect()
}

/// A list of tables that fails closed.
pub struct List {
    /// Its name, such as `proxy.keys`.
    pub name: &'static str,
    /// What people may call that which an entry has beside `accounts`, [bare](bare): by that it is known where the list has another
    /// name.
    words: &'static [&'static str],
    /// The keys that tell one entry from another.
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
            Content::Unreadable { why, text: None } if !held => Err(format!(
                "{place}: it cannot be read ({why}), and {entries} may stand in it: mend that, or put a file with a line such as `# none` in its place"
            )),
            Content::Unreadable { why, text } if held || text.as_ref().is_some_and(|text| self.stands_in(text)) => {
                Err(format!(
                    "{place}: it cannot be read ({why}), and {entries} stood in it: mend that, or put a file with a line such as `# none` in its place"
                ))
            }
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
            return Err(format!("{}: unknown list `{misspelt}` (did you mean `{}`?)", file.place(), self.name));
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
        table.iter().find_map(|(own, item)| {
            let name = format!("{prefix}{own}");
            if LISTS.iter().any(|list| list.name == name) || KEYS.iter().any(|key| key.toml == name) {
                return None;
            }
            let (tables, inner) = (tables_in(item), format!("{name}."));
            if tables.iter().any(|table| self.is_entry(*table, &inner)) {
                return Some(name);
            }
            tables.into_iter().find_map(|table| self.disguised(table, &inner))
        })
    }

    /// Whether a table is surely meant as an entry, whose name and a dot is `prefix`: by its words it says which accounts, and where
    /// or with which key.
    fn is_entry(&self, table: &dyn TableLike, prefix: &str) -> bool {
        let is_ours = |own: &str| KEYS.iter().any(|key| key.toml.strip_prefix(prefix) == Some(own));
        let words = table.iter().filter(|(own, _)| !is_ours(own)).map(|(own, item)| (bare(own), item));
        let words: Vec<(String, &Item)> = words.collect();
        let has = |names: &[&str]| words.iter().any(|(word, _)| names.contains(&word.as_str()));
        let names_some =
            |names: &[&str]| words.iter().any(|(word, item)| names.contains(&word.as_str()) && holds_words(item));
        let says_which = names_some(&WORDS_OF_ACCOUNTS) || words.iter().any(|(word, _)| is_near(word, "accounts"));
        if self.name == RULES.name {
            let says_which = says_which || names_some(&["group", "groups"]);
            return has(self.words) && says_which || table.iter().any(is_rule_by_name);
        }
        let is_client =
            prefix.strip_prefix("proxy.").is_some_and(|rest| !rest.is_empty()) && has(&["name", "user", "client"]);
        has(self.words) && (says_which || is_client)
    }

    /// Whether a text that is not TOML looks as if something stood in it. What a person has commented out does not.
    fn stands_in(&self, text: &str) -> bool {
        let is_word = |letter: char| letter.is_alphanumeric() || "-_".contains(letter);
        // Also one of another encoding, whose letters have zeros between them, and of a system whose lines end otherwise.
        let text = unescaped(&text.replace('\0', ""));
        let lines = text.split(['\n', '\r']).filter(|line| !line.trim_start().starts_with('#'));
        let mut keys = lines.clone().flat_map(keys_in);
        let mut lines = lines.map(|line| line.split(move |letter| !is_word(letter)).filter(|word| !word.is_empty()));
        match self.name.split_once('.') {
            None => {
                lines.any(|mut words| words.next().is_some_and(|word| is_near(word, self.name)))
                    || keys.any(|key| is_near(key, self.name))
            }
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

/// A name of a key without case and what stands between its words.
fn bare(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The tables of an item: itself, or those of a list.
fn tables_in(item: &Item) -> Vec<&dyn TableLike> {
    match item {
        Item::ArrayOfTables(tables) => tables.iter().map(|table| table as &dyn TableLike).collect(),
        item => match item.as_array() {
            Some(list) => {
                let tables = list.iter().filter_map(toml_edit::Value::as_inline_table);
                tables.map(|table| table as &dyn TableLike).collect()
            }
            None => item.as_table_like().into_iter().collect(),
        },
    }
}

/// Whether a key is a place, and accounts stand behind it: `"~/work/**" = ["work"]`.
fn is_rule_by_name((own, item): (&str, &Item)) -> bool {
    holds_words(item) && (own.starts_with(['/', '~']) || own.contains("/*"))
}

/// Whether it is a text or a list of texts.
fn holds_words(item: &Item) -> bool {
    item.is_str() || item.as_array().is_some_and(|list| list.iter().all(toml_edit::Value::is_str))
}

fn is_near(word: &str, name: &str) -> bool {
    !near::near(word, [name]).is_empty()
}

/// A damaged file may be one line.
const LONGEST_LINE: usize = 4096;

/// The words of a line that something is said of wherever they stand in it, as in `x = [ projects = …`.
fn keys_in(line: &str) -> impl Iterator<Item = &str> {
    let is_word = |letter: char| letter.is_alphanumeric() || "-_".contains(letter);
    let line = line.split('#').next().unwrap_or_default();
    let line = line.char_indices().nth(LONGEST_LINE).map_or(line, |(at, _)| &line[..at]);
    let ends = line.match_indices('=').chain(line.match_indices("]]")).map(|(at, _)| at);
    ends.filter_map(move |at| {
        line[..at].trim_end_matches(|letter| !is_word(letter)).rsplit(|letter| !is_word(letter)).next()
    })
}

/// A text in which what TOML escapes as `\u…` is what it stands for.
fn unescaped(text: &str) -> String {
    let mut parts = text.split("\\u");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let letter = part.get(..4).and_then(|digits| char::from_u32(u32::from_str_radix(digits, 16).ok()?));
        whole.extend(letter);
        whole.push_str(if letter.is_some() { &part[4..] } else { part });
    }
    whole
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
    // What becomes of the entry follows.
    let meant = near::near(unknown, keys.iter().copied()).first().map(|meant| format!(" (did you mean `{meant}`?)"));
    let meant = meant.unwrap_or_else(|| format!("; {what} has {}", keys.join(", ")));
    Err((unknown, format!("unknown key `{unknown}`{meant}")))
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
