//! The sources of configuration as layers of the same form.

use std::ops::Range;
use std::path::Path;

use serde_json::{Map, Value};
use toml_edit::{Document, Item, Table, TableLike};

use super::keys::{KEYS, Key};
use super::toml_file::{Content, TomlFile};
use super::toml_value::{json_of, sorted};
use super::{Source, file, projects, proxy_keys};
use crate::domain::routing::Strategy;
use crate::env::Environment;

/// What one source says.
#[derive(Debug, Default)]
pub struct Layer {
    /// The values, not yet checked.
    pub entries: Vec<Entry>,
    /// Why nothing of a file could be read.
    pub broken: Option<Broken>,
}

/// A file of which nothing could be read.
#[derive(Debug)]
pub struct Broken {
    pub source: Source,
    /// The file, and the line where that is known.
    pub place: String,
    /// Such as `not valid TOML`.
    pub what: &'static str,
    pub why: String,
}

impl Layer {
    fn of(entries: impl Iterator<Item = Entry>) -> Layer {
        Layer { entries: entries.collect(), broken: None }
    }

    /// A file of which nothing could be read.
    pub fn broken(source: Source, place: String, what: &'static str, why: String) -> Layer {
        Layer { entries: Vec::new(), broken: Some(Broken { source, place, what, why }) }
    }
}

/// One value as a source spells it.
#[derive(Debug)]
pub struct Entry {
    pub source: Source,
    /// The name the source uses, for messages.
    pub name: String,
    pub key: Option<&'static Key>,
    pub value: Value,
    pub location: Option<String>,
    /// Where each item of a list stands, in a file that can tell.
    pub items: Vec<String>,
}

impl Entry {
    /// A value whose parts have no places of their own.
    pub fn new(source: Source, key: Option<&'static Key>, name: &str, value: Value, location: Option<String>) -> Entry {
        Entry { source, name: name.to_owned(), key, value, location, items: Vec::new() }
    }
}

pub fn session(strategy: Option<Strategy>) -> Layer {
    let place = || "routing/setStrategy".to_owned();
    Layer::of(strategy.map(|strategy| of_strategy(Source::Session, strategy, place())).into_iter())
}

/// What the rule that holds says, and the rule's name.
pub fn rule(strategy: Option<&(Strategy, String)>) -> Layer {
    let entry = |(strategy, rule): &(Strategy, String)| of_strategy(Source::Rule, *strategy, rule.clone());
    Layer::of(strategy.map(entry).into_iter())
}

fn of_strategy(source: Source, strategy: Strategy, place: String) -> Entry {
    const NAME: &str = "routing.strategy";
    Entry::new(source, super::key(NAME), NAME, Value::from(strategy.name()), Some(place))
}

pub fn flags(flags: &[(String, String, Value)]) -> Layer {
    let entry = |(flag, name, value): &(String, String, Value)| {
        Entry::new(Source::Flag, super::key(name), name, value.clone(), Some(flag.clone()))
    };
    Layer::of(flags.iter().map(entry))
}

pub fn initialization_options(options: &Map<String, Value>) -> Layer {
    let mut layer = Layer::default();
    flatten("", options, &mut |name, value| {
        let place = Some("initializationOptions".to_owned());
        layer.entries.push(Entry::new(Source::InitializationOptions, super::key(&name), &name, value, place));
    });
    layer
}

/// Names nested or dotted, in any mixture.
fn flatten(prefix: &str, table: &Map<String, Value>, found: &mut dyn FnMut(String, Value)) {
    for (name, value) in table {
        let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            _ if is_accounts(&name) => {}
            Value::Object(inner) if super::key(&name).is_none() && !name.is_empty() => flatten(&name, inner, found),
            _ => found(name, value.clone()),
        }
    }
}

/// Whether that is what narrows a session, which is read elsewhere.
fn is_accounts(name: &str) -> bool {
    name == projects::ACCOUNTS || projects::SECTIONS.iter().any(|section| name == format!("{section}.accounts"))
}

pub fn environment(environment: &Environment) -> Layer {
    let entries = KEYS.iter().filter_map(|key| {
        let variable = key.variable?;
        let value = Value::String(environment.get(variable)?.to_owned());
        Some(Entry::new(Source::Environment, Some(key), variable, value, Some(variable.to_owned())))
    });
    Layer::of(entries)
}

/// The key that a file turned on which is gone, empty or cannot be read. `place` is that file; `None` where there is none such.
pub fn kept_on(place: Option<String>) -> Layer {
    const NAME: &str = "routing.project_files";
    let entry = |place| Entry::new(Source::Toml, super::key(NAME), NAME, Value::Bool(true), Some(place));
    Layer::of(place.map(entry).into_iter())
}

pub fn defaults(overrides: &[(&'static str, Value)]) -> Layer {
    let entry = |key: &'static Key| {
        let value = overrides.iter().find(|(name, _)| *name == key.toml).map(|(_, value)| value.clone());
        let value = value.unwrap_or_else(|| key.default.value());
        Entry::new(Source::Default, Some(key), key.toml, value, None)
    };
    Layer::of(KEYS.iter().map(entry))
}

pub fn toml(file: &TomlFile) -> Layer {
    let mut layer = Layer::default();
    match &file.content {
        Content::Missing => {}
        Content::Unreadable { why, .. } => {
            return Layer::broken(Source::Toml, file.place(), "cannot be read", why.clone());
        }
        Content::Broken { line, why, .. } => {
            return Layer::broken(Source::Toml, file.place_of_line(*line), "not valid TOML", why.clone());
        }
        Content::Good(document) => walk_toml(file, "", document.as_table(), &mut layer.entries),
    }
    layer
}

/// In the order of names, whatever that of the file. The rules of projects and the keys of the proxy are read elsewhere.
fn walk_toml(file: &TomlFile, prefix: &str, table: &dyn TableLike, entries: &mut Vec<Entry>) {
    let place = |span: Option<Range<usize>>| file.place_of(span);
    for (own, item) in sorted(table) {
        let name = if prefix.is_empty() { own.to_owned() } else { format!("{prefix}.{own}") };
        match item.as_table_like() {
            _ if name == projects::LIST.name || name == proxy_keys::LIST.name => {}
            Some(inner) if super::key(&name).is_none() => walk_toml(file, &name, inner, entries),
            _ => entries.push(Entry {
                source: Source::Toml,
                key: super::key(&name),
                name,
                value: json_of(item),
                location: Some(place(table.key(own).and_then(toml_edit::Key::span))),
                items: items(item).into_iter().map(place).collect(),
            }),
        }
    }
}

/// Where each item of a list stands.
fn items(list: &Item) -> Vec<Option<Range<usize>>> {
    match list {
        Item::ArrayOfTables(tables) => tables.iter().map(Table::span).collect(),
        _ => list.as_array().into_iter().flat_map(|items| items.iter().map(toml_edit::Value::span)).collect(),
    }
}

/// A value as a person types it behind `--set KEY=`: TOML where it is TOML, else the bare text.
pub fn typed(text: &str) -> Value {
    let parsed = Document::parse(format!("value = {text}")).ok();
    let value = parsed.as_ref().filter(|table| table.len() == 1).and_then(|table| table.get("value"));
    value.map_or_else(|| Value::String(text.to_owned()), json_of)
}

/// The file's text, `None` when there is no such file.
pub fn read(path: &Path, source: Source) -> Result<Option<String>, Layer> {
    let text = file::read(path).map(|read| read.map(|read| read.text));
    text.map_err(|error| Layer::broken(source, path.display().to_string(), "cannot be read", error.to_string()))
}
