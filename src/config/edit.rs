//! One key of `config.toml` set or taken out, with every comment and the order of all the others as they were.

use serde_json::Value;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike};

use super::keys::Key;
use super::toml_value::of_error;

/// Why the text cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It is no TOML.
    #[error("line {line} is not valid TOML: {why}")]
    NotToml {
        /// 1-based.
        line: usize,
        /// What the parser says.
        why: String,
    },
    /// What should be a table is a value.
    #[error("`{name}` is a value there, where a table should be")]
    NotATable {
        /// The table.
        name: String,
    },
}

/// `text` with `key` set to `value`, or without it. Its lines end as the first one does.
pub fn edited(text: &str, key: &Key, value: Option<&Value>) -> Result<String, EditError> {
    let changed = changed(text, key, value)?;
    let is_of_windows = text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
    Ok(if is_of_windows { changed.replace("\r\n", "\n").replace('\n', "\r\n") } else { changed })
}

fn changed(text: &str, key: &Key, value: Option<&Value>) -> Result<String, EditError> {
    let mut document: DocumentMut = text.parse().map_err(|error| {
        let (line, why) = of_error(text, &error);
        EditError::NotToml { line, why }
    })?;
    let root = document.as_table_mut();
    // `"routing.strategy" = …` is taken as well; it is changed where it stands.
    let place = key.toml.split_once('.').filter(|_| !root.contains_key(key.toml));
    let (table, name): (&mut dyn TableLike, &str) = match place {
        None => (root, key.toml),
        Some((section, name)) => {
            if value.is_none() && !root.contains_key(section) {
                return Ok(text.to_owned());
            }
            let item = root.entry(section).or_insert_with(|| Item::Table(Table::new()));
            let table = item.as_table_like_mut();
            (table.ok_or_else(|| EditError::NotATable { name: section.to_owned() })?, name)
        }
    };
    match value {
        None => drop(table.remove(name)),
        Some(value) => put(table, name, toml_of(value)),
    }
    Ok(document.to_string())
}

/// The comment behind a value belongs to its line and stays there.
fn put(table: &mut dyn TableLike, name: &str, mut value: toml_edit::Value) {
    if let Some(old) = table.get_mut(name).and_then(Item::as_value_mut) {
        *value.decor_mut() = old.decor().clone();
        *old = value;
        return;
    }
    // Tables of that name, if any, go with their headers.
    table.remove(name);
    table.insert(name, Item::Value(value));
}

fn toml_of(value: &Value) -> toml_edit::Value {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => toml_edit::Value::Array(items.iter().map(toml_of).collect()),
        Value::Object(members) => toml_edit::Value::InlineTable(
            members.iter().map(|(name, value)| (name.as_str(), toml_of(value))).collect::<InlineTable>(),
        ),
        // No shape takes null.
        Value::Null => "".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, key: &str, value: Option<&Value>, expected: &str) {
        let key = super::super::key(key).unwrap();
        assert_eq!(edited(text, key, value).unwrap(), expected);
    }

    #[test]
    fn comments_order_and_spelling_of_all_else_stay() {
        let text = "# mine\n[breaker]\nfailures = 5 # few\n\n# how\n[routing] # here\nstrategy = 'sticky'   # calm\nmax_attempts=2\n";
        check(
            text,
            "routing.strategy",
            Some(&json!("hybrid")),
            &text.replace("'sticky'   # calm", "\"hybrid\"   # calm"),
        );
        check(text, "breaker.open_seconds", Some(&json!(9)), &text.replace("# few\n", "# few\nopen_seconds = 9\n"));
        check(text, "breaker.failures", None, &text.replace("failures = 5 # few\n", ""));
        check(text, "polling.enabled", None, text);
        check("", "notifications.quiet", Some(&json!(true)), "[notifications]\nquiet = true\n");
        check("a = 1", "routing.strategy", Some(&json!("hybrid")), "a = 1\n\n[routing]\nstrategy = \"hybrid\"\n");
    }

    #[test]
    fn every_way_to_spell_a_place_is_found() {
        for (before, after) in [
            ("routing.strategy = \"sticky\"\n", "routing.strategy = \"hybrid\"\n"),
            (
                "routing = { strategy = \"sticky\", max_waits = 2 }\n",
                "routing = { strategy = \"hybrid\", max_waits = 2 }\n",
            ),
            ("\"routing.strategy\" = \"sticky\"\n", "\"routing.strategy\" = \"hybrid\"\n"),
        ] {
            check(before, "routing.strategy", Some(&json!("hybrid")), after);
        }
        let tables = json!([{ "model": "x", "input": 1.5 }]);
        check(
            "[[pricing]]\nmodel = \"y\"\ninput = 1\n",
            "pricing",
            Some(&tables),
            "pricing = [{ model = \"x\", input = 1.5 }]\n",
        );
    }

    /// Rules and prices are tables of their own, which a key beside them leaves alone.
    #[test]
    fn tables_of_lists_stay_as_they_are() {
        const RULES: &str = "# mine\n[[projects]] # work\npath = '~/work/**'\naccounts = [\n  'a', # one\n]\n\n[[projects]]\nremote = \"x/y\"\naccounts = \"b\"\n";
        let value = json!("hybrid");
        check(RULES, "routing.strategy", Some(&value), &format!("{RULES}\n[routing]\nstrategy = \"hybrid\"\n"));
        let before = format!("[routing]\nstrategy = \"sticky\"\n\n{RULES}");
        check(&before, "routing.strategy", Some(&value), &before.replace("sticky", "hybrid"));
        check(&before, "routing.strategy", None, &before.replace("strategy = \"sticky\"\n", ""));
        let tables = json!([{ "model": "x", "input": 1.5 }]);
        check(RULES, "pricing", Some(&tables), &format!("pricing = [{{ model = \"x\", input = 1.5 }}]\n{RULES}"));
    }

    #[test]
    fn lines_end_as_they_did() {
        let text = "# mine\r\n[routing] # here\r\nstrategy = \"sticky\" # calm\r\n";
        check(text, "routing.strategy", Some(&json!("hybrid")), &text.replace("sticky", "hybrid"));
        check(text, "routing.max_attempts", Some(&json!(2)), &format!("{text}max_attempts = 2\r\n"));
        check("a = 1\nb = 2\r\n", "notifications.quiet", None, "a = 1\nb = 2\r\n");
    }

    #[test]
    fn what_cannot_be_changed_says_why() {
        let key = super::super::key("routing.strategy").unwrap();
        let value = json!("hybrid");
        assert!(matches!(edited("a = 1\nb =\n", key, Some(&value)), Err(EditError::NotToml { line: 2, .. })));
        assert_eq!(
            edited("routing = 5\n", key, Some(&value)),
            Err(EditError::NotATable { name: "routing".to_owned() })
        );
    }
}
