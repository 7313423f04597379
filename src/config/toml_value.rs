//! Values of TOML as JSON has them, and where things stand in a text.

use std::collections::BTreeMap;

use serde_json::Value;
use toml_edit::{Item, TableLike};

/// The value as JSON has it; what that cannot express is null.
pub fn json_of(item: &Item) -> Value {
    use toml_edit::Value as Toml;
    match item {
        Item::None => Value::Null,
        Item::Value(Toml::String(text)) => Value::from(text.value().as_str()),
        Item::Value(Toml::Boolean(value)) => Value::from(*value.value()),
        Item::Value(Toml::Integer(number)) => Value::from(*number.value()),
        Item::Value(Toml::Float(number)) => Value::from(*number.value()),
        Item::Value(Toml::Datetime(time)) => Value::from(time.value().to_string()),
        Item::Value(Toml::Array(items)) => items.iter().map(|item| json_of(&Item::Value(item.clone()))).collect(),
        Item::Value(Toml::InlineTable(table)) => object(table),
        Item::Table(table) => object(table),
        Item::ArrayOfTables(tables) => tables.iter().map(|table| object(table)).collect(),
    }
}

fn object(table: &dyn TableLike) -> Value {
    sorted(table).into_iter().map(|(name, item)| (name.to_owned(), json_of(item))).collect()
}

/// In the order of names, whatever that of the file.
pub fn sorted(table: &dyn TableLike) -> BTreeMap<&str, &Item> {
    table.iter().collect()
}

/// The line of an error in `text`, and what is wrong.
pub fn of_error(text: &str, error: &toml_edit::TomlError) -> (usize, String) {
    let line = error.span().map_or(1, |span| line_of(text, span.start));
    (line, error.message().lines().next().unwrap_or_default().to_owned())
}

/// The 1-based line of a byte offset.
pub fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}
