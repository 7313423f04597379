//! The sources of configuration as layers of the same form, and how the strongest wins.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, Key, families, prices};
use super::{Config, Setting, Source};
use crate::domain::routing::Strategy;
use crate::env::Environment;

/// What one source says.
#[derive(Debug, Default)]
pub struct Layer {
    /// The values, not yet checked.
    pub entries: Vec<Entry>,
    /// What could not be read at all.
    pub warnings: Vec<String>,
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
}

/// Takes for each key the strongest value that fits, and warns of the ones that do not.
pub fn merge(layers: Vec<Layer>) -> Config {
    let mut warnings = Vec::new();
    let mut chosen: HashMap<&'static str, Setting> = HashMap::new();
    for layer in layers {
        warnings.extend(layer.warnings);
        for entry in layer.entries {
            let place = entry.location.as_deref().map(|location| format!("{location}: ")).unwrap_or_default();
            let Some(key) = entry.key else {
                warnings.push(format!("{place}unknown key `{}`; {}", entry.name, suggestion(&entry.name)));
                continue;
            };
            let Some(value) = key.shape.accept(&entry.value) else {
                let shown = if key.secret { "the value".to_owned() } else { format!("`{}`", entry.value) };
                warnings.push(format!(
                    "{place}`{}` does not take {shown}; accepted: {}",
                    entry.name,
                    key.shape.accepted()
                ));
                continue;
            };
            if key.dormant && entry.source != Source::Default {
                warnings.push(format!("{place}`{}` has no effect in this version", entry.name));
            }
            let setting = Setting { key, value, source: entry.source, location: entry.location };
            chosen.entry(key.toml).or_insert(setting);
        }
    }
    let families = chosen.get("routing.families").and_then(|setting| families(&setting.value).ok()).unwrap_or_default();
    let prices = chosen.get("pricing").and_then(|setting| prices(&setting.value).ok()).unwrap_or_default();
    Config { settings: KEYS.iter().filter_map(|key| chosen.remove(key.toml)).collect(), families, prices, warnings }
}

fn suggestion(name: &str) -> String {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let near = KEYS.iter().find(|key| last(key.toml) == last(name) || key.json == Some(name));
    near.map_or_else(
        || "`codex-account-manager config show` lists the keys".to_owned(),
        |key| format!("did you mean `{}`?", key.toml),
    )
}

pub fn session(strategy: Option<Strategy>) -> Layer {
    let entry = |strategy: Strategy| Entry {
        source: Source::Session,
        name: "routing.strategy".to_owned(),
        key: super::key("routing.strategy"),
        value: Value::from(strategy.name()),
        location: Some("routing/setStrategy".to_owned()),
    };
    Layer { entries: strategy.map(entry).into_iter().collect(), warnings: Vec::new() }
}

pub fn flags(flags: &[(String, String, Value)]) -> Layer {
    let entries = flags.iter().map(|(flag, name, value)| Entry {
        source: Source::Flag,
        name: name.clone(),
        key: super::key(name),
        value: value.clone(),
        location: Some(flag.clone()),
    });
    Layer { entries: entries.collect(), warnings: Vec::new() }
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
        })
    });
    Layer { entries: entries.collect(), warnings: Vec::new() }
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
    });
    Layer { entries: entries.collect(), warnings: Vec::new() }
}

pub fn toml(path: &Path) -> Layer {
    let mut layer = Layer::default();
    let text = match read(path) {
        Ok(Some(text)) => text,
        Ok(None) => return layer,
        Err(warning) => {
            layer.warnings.push(warning);
            return layer;
        }
    };
    match DeTable::parse(&text) {
        Ok(table) => walk_toml(path, &text, "", table.get_ref(), &mut layer.entries),
        Err(error) => {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            let message = error.message().lines().next().unwrap_or_default();
            layer
                .warnings
                .push(format!("{}:{line}: not valid TOML, so the whole file is left out: {message}", path.display()));
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
            entries.push(Entry {
                source: Source::Toml,
                key: super::key(&name),
                name,
                value: json_of(value.get_ref()),
                location: Some(format!("{}:{}", path.display(), line_of(text, at))),
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
#[expect(clippy::disallowed_methods, reason = "configuration files are read here")]
pub fn read(path: &Path) -> Result<Option<String>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(format!("{}: cannot be read, so it is left out: {error}", path.display())),
    }
}

/// The 1-based line of a byte offset.
pub fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}
