//! The sources of configuration as layers of the same form.

use std::path::Path;

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use super::Source;
use super::file;
use super::keys::{KEYS, Key};
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

pub fn session(strategy: Option<Strategy>) -> Layer {
    let entry = |strategy: Strategy| Entry {
        source: Source::Session,
        name: "routing.strategy".to_owned(),
        key: super::key("routing.strategy"),
        value: Value::from(strategy.name()),
        location: Some("routing/setStrategy".to_owned()),
        items: Vec::new(),
    };
    Layer::of(strategy.map(entry).into_iter())
}

pub fn flags(flags: &[(String, String, Value)]) -> Layer {
    let entries = flags.iter().map(|(flag, name, value)| Entry {
        source: Source::Flag,
        name: name.clone(),
        key: super::key(name),
        value: value.clone(),
        location: Some(flag.clone()),
        items: Vec::new(),
    });
    Layer::of(entries)
}

pub fn initialization_options(options: &Map<String, Value>) -> Layer {
    let mut layer = Layer::default();
    flatten("", options, &mut |name, value| {
        layer.entries.push(Entry {
            source: Source::InitializationOptions,
            key: super::key(&name),
            name,
            value,
            location: Some("initializationOptions".to_owned()),
            items: Vec::new(),
        });
    });
    layer
}

/// Names nested or dotted, in any mixture.
fn flatten(prefix: &str, table: &Map<String, Value>, found: &mut dyn FnMut(String, Value)) {
    for (name, value) in table {
        let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Object(inner) if super::key(&name).is_none() => flatten(&name, inner, found),
            _ => found(name, value.clone()),
        }
    }
}

pub fn environment(environment: &Environment) -> Layer {
    let entries = KEYS.iter().filter_map(|key| {
        let variable = key.variable?;
        Some(Entry {
            source: Source::Environment,
            name: variable.to_owned(),
            key: Some(key),
            value: Value::String(environment.get(variable)?.to_owned()),
            location: Some(variable.to_owned()),
            items: Vec::new(),
        })
    });
    Layer::of(entries)
}

pub fn defaults(overrides: &[(&'static str, Value)]) -> Layer {
    let entries = KEYS.iter().map(|key| Entry {
        source: Source::Default,
        name: key.toml.to_owned(),
        key: Some(key),
        value: overrides
            .iter()
            .find(|(name, _)| *name == key.toml)
            .map_or_else(|| key.default.value(), |(_, v)| v.clone()),
        location: None,
        items: Vec::new(),
    });
    Layer::of(entries)
}

pub fn toml(path: &Path) -> Layer {
    let text = match read(path, Source::Toml) {
        Ok(Some(text)) => text,
        Ok(None) => return Layer::default(),
        Err(broken) => return broken,
    };
    let mut layer = Layer::default();
    match DeTable::parse(&text) {
        Ok(table) => walk_toml(path, &text, "", table.get_ref(), &mut layer.entries),
        Err(error) => {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            return Layer::broken(Source::Toml, format!("{}:{line}", path.display()), "not valid TOML", message);
        }
    }
    layer
}

fn walk_toml(path: &Path, text: &str, prefix: &str, table: &DeTable<'_>, entries: &mut Vec<Entry>) {
    for (name, value) in table {
        let at = name.span().start;
        let name = if prefix.is_empty() { name.get_ref().to_string() } else { format!("{prefix}.{}", name.get_ref()) };
        if let DeValue::Table(inner) = value.get_ref()
            && super::key(&name).is_none()
        {
            walk_toml(path, text, &name, inner, entries);
        } else {
            let place = |at: usize| format!("{}:{}", path.display(), line_of(text, at));
            let items = value.get_ref().as_array().into_iter().flat_map(|items| items.iter());
            entries.push(Entry {
                source: Source::Toml,
                key: super::key(&name),
                name,
                value: json_of(value.get_ref()),
                location: Some(place(at)),
                items: items.map(|item| place(item.span().start)).collect(),
            });
        }
    }
}

fn json_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json_of(item.get_ref())).collect(),
        DeValue::Table(table) => {
            table.iter().map(|(name, value)| (name.get_ref().to_string(), json_of(value.get_ref()))).collect()
        }
    }
}

/// A value as a person types it behind `--set KEY=`: TOML where it is TOML, else the bare text.
pub fn typed(text: &str) -> Value {
    let document = format!("value = {text}");
    let parsed = DeTable::parse(&document).ok();
    let value =
        parsed.as_ref().and_then(|table| table.get_ref().values().next().filter(|_| table.get_ref().len() == 1));
    value.map_or_else(|| Value::String(text.to_owned()), |value| json_of(value.get_ref()))
}

/// The file's text, `None` when there is no such file.
pub fn read(path: &Path, source: Source) -> Result<Option<String>, Layer> {
    file::read(path)
        .map_err(|error| Layer::broken(source, path.display().to_string(), "cannot be read", error.to_string()))
}

/// The 1-based line of a byte offset.
pub fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}
