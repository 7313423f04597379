//! Lists of tables in `config.toml` whose entries fail closed: what is common to the rules of projects and the keys of the proxy.

use toml_edit::{InlineTable, Item, Table};

use super::toml_file::TomlFile;
use super::toml_value::json_of;
use crate::domain::near;
use crate::domain::usage::Usd;

/// The tables of the list `name`, in each way that TOML can spell it.
pub fn tables(file: &TomlFile, list: Option<&Item>, name: &str) -> Result<Vec<Table>, String> {
    let wrong = || format!("{}: `{name}` is not a list of tables", file.place());
    match list {
        None => Ok(Vec::new()),
        Some(Item::ArrayOfTables(tables)) => Ok(tables.iter().cloned().collect()),
        // `projects = [{…}]`
        Some(item) => {
            let values = item.as_array().ok_or_else(wrong)?;
            let tables = values.iter().map(|value| value.as_inline_table().cloned().map(InlineTable::into_table));
            tables.collect::<Option<_>>().ok_or_else(wrong)
        }
    }
}

/// That every key of an entry is one of `keys`; `what` is how an entry is called.
pub fn unknown_key(table: &Table, keys: &[&'static str], what: &str) -> Result<(), String> {
    let Some((unknown, _)) = table.iter().find(|(key, _)| !keys.contains(key)) else { return Ok(()) };
    let meant = near::near(unknown, keys.iter().copied()).first().map(|meant| format!("did you mean `{meant}`?"));
    let meant = meant.unwrap_or_else(|| format!("{what} has {}", keys.join(", ")));
    Err(format!("unknown key `{unknown}`; {meant}"))
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
