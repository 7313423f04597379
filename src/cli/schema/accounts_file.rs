//! The tables of `docs/accounts-file.md`, made from the schema of the accounts file.

use serde_json::Value;

use super::markdown::{Table, table};
use crate::store::schema;

/// What the page has.
pub const TABLES: &[Table] = &[
    ("file", || members(&schema::document())),
    ("account", || members(&schema::document()["$defs"]["Account"])),
    ("session", || members(&schema::document()["$defs"]["Session"])),
    ("pin", || members(&schema::document()["$defs"]["Pin"])),
    ("seal", || members(&schema::document()["$defs"]["Seal"])),
];

fn members(object: &Value) -> String {
    let members = object["properties"].as_object().into_iter().flatten();
    let rows = members.map(|(name, member)| {
        let says = member["description"].as_str().unwrap_or_default();
        vec![format!("`{name}`"), kind(member), says.to_owned()]
    });
    table(&["Member", "Type", "Meaning"], rows)
}

/// The type of a member; null, which stands for a missing one, is not named.
fn kind(schema: &Value) -> String {
    if let Some(choices) = schema["anyOf"].as_array() {
        let named = choices.iter().filter(|choice| choice["type"] != "null").map(kind);
        return named.collect::<Vec<_>>().join(" or ");
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" or ");
    }
    if let Some(target) = schema["$ref"].as_str() {
        return target.rsplit('/').next().unwrap_or_default().to_lowercase();
    }
    match (schema["type"].as_str(), &schema["const"]) {
        (Some("array"), _) => format!("list of {}", kind(&schema["items"])),
        (Some("object"), _) if schema["additionalProperties"].is_object() => {
            format!("{} for each name", kind(&schema["additionalProperties"]))
        }
        (Some(name), _) => name.to_owned(),
        (None, Value::Null) => "any".to_owned(),
        (None, value) => format!("`{value}`"),
    }
}
