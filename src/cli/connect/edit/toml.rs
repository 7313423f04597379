//! TOML, by a parser that keeps the text.

use serde_json::{Map, Number, Value};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike};

use super::{Document, EditError, Step};
use crate::domain::text_encoding::MARK;

pub struct Toml {
    document: DocumentMut,
    /// A mark at the beginning, which some editors of Windows write.
    mark: &'static str,
    /// Whether its lines end as those of Windows do; the parser keeps no such end.
    is_of_windows: bool,
}

impl Toml {
    pub fn read(text: &str) -> Result<Toml, EditError> {
        let (mark, text) = text.strip_prefix(MARK).map_or(("", text), |rest| (MARK, rest));
        let document = text.parse().map_err(|error: toml_edit::TomlError| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            EditError::Malformed { line, why: error.message().lines().next().unwrap_or_default().to_owned() }
        })?;
        let is_of_windows = text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
        Ok(Toml { document, mark, is_of_windows })
    }
}

fn name(step: &Step) -> &str {
    match step {
        Step::Key(name) | Step::Named(name) => name,
    }
}

impl Document for Toml {
    fn value(&self, place: &[Step]) -> Option<Value> {
        let mut item = self.document.as_item();
        for step in place {
            item = item.as_table_like()?.get(name(step))?;
        }
        json(item)
    }

    fn put(&mut self, place: &[Step], value: &Value) -> Result<(), EditError> {
        let Some((last, folders)) = place.split_last() else { return Err(EditError::InTheWay("the file".to_owned())) };
        let mut table: &mut dyn TableLike = self.document.as_table_mut();
        for (at, step) in folders.iter().enumerate() {
            let item = table.entry(name(step)).or_insert_with(|| {
                let mut made = Table::new();
                // A header for what only leads further says nothing.
                made.set_implicit(at + 1 < folders.len());
                Item::Table(made)
            });
            table = item.as_table_like_mut().ok_or_else(|| EditError::InTheWay(name(step).to_owned()))?;
        }
        let mut value = toml(value);
        if let Some(old) = table.get_mut(name(last)).and_then(Item::as_value_mut) {
            // The comment behind a value belongs to its line.
            *value.decor_mut() = old.decor().clone();
            *old = value;
        } else if table.get(name(last)).is_some() {
            return Err(EditError::InTheWay(name(last).to_owned()));
        } else {
            table.insert(name(last), Item::Value(value));
        }
        Ok(())
    }

    fn take(&mut self, place: &[Step]) {
        let Some((last, folders)) = place.split_last() else { return };
        let mut table: &mut dyn TableLike = self.document.as_table_mut();
        for step in folders {
            let Some(next) = table.get_mut(name(step)).and_then(Item::as_table_like_mut) else { return };
            table = next;
        }
        table.remove(name(last));
    }

    fn text(&self) -> String {
        let text = self.document.to_string();
        let text = if self.is_of_windows { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text };
        format!("{}{text}", self.mark)
    }
}

fn json(item: &Item) -> Option<Value> {
    match item {
        Item::None => None,
        Item::Value(value) => Some(json_of(value)),
        Item::Table(table) => {
            Some(Value::Object(table.iter().filter_map(|(name, item)| Some((name.to_owned(), json(item)?))).collect()))
        }
        Item::ArrayOfTables(tables) => {
            Some(Value::Array(tables.iter().filter_map(|table| json(&Item::Table(table.clone()))).collect()))
        }
    }
}

fn json_of(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(text) => Value::String(text.value().clone()),
        toml_edit::Value::Integer(number) => Value::Number((*number.value()).into()),
        toml_edit::Value::Float(number) => Number::from_f64(*number.value()).map_or(Value::Null, Value::Number),
        toml_edit::Value::Boolean(is_so) => Value::Bool(*is_so.value()),
        toml_edit::Value::Datetime(time) => Value::String(time.value().to_string()),
        toml_edit::Value::Array(items) => Value::Array(items.iter().map(json_of).collect()),
        toml_edit::Value::InlineTable(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.to_owned(), json_of(value))).collect::<Map<_, _>>())
        }
    }
}

fn toml(value: &Value) -> toml_edit::Value {
    match value {
        Value::Bool(is_so) => (*is_so).into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => toml_edit::Value::Array(items.iter().map(toml).collect::<Array>()),
        Value::Object(members) => toml_edit::Value::InlineTable(
            members.iter().map(|(name, value)| (name.as_str(), toml(value))).collect::<InlineTable>(),
        ),
        // Nothing of ours is null, and TOML has none.
        Value::Null => "".into(),
    }
}
