//! The smallest document that fits a JSON schema, for requests that ask for one.

use serde_json::{Map, Value, json};

use crate::reply::Reply;

/// How deep a schema is followed; one that refers to itself ends there.
const DEPTH: usize = 16;

/// The document that `text.format` of `request` asks for, with `text` wherever a text belongs; `None` when it asks for
/// no document.
pub(super) fn document(request: &Value, text: &str) -> Option<String> {
    let format = &request["text"]["format"];
    match format["type"].as_str()? {
        "json_schema" => Some(fitting(&format["schema"], &format["schema"], text, DEPTH).to_string()),
        "json_object" => Some(json!({ "text": text }).to_string()),
        _ => None,
    }
}

/// Whether the input of `request` says so where it asks for a JSON object, else the refusal. The instructions do not count.
pub(super) fn checked(request: &Value) -> Result<(), Reply> {
    let wants_object = request["text"]["format"]["type"] == "json_object";
    let says_so = || request["input"].to_string().to_ascii_lowercase().contains("json");
    if !wants_object || says_so() {
        return Ok(());
    }
    let message = "Response input messages must contain the word 'json' in some form to use 'text.format' of type \
                   'json_object'.";
    Err(Reply::invalid(None, Some("input"), message))
}

fn fitting(schema: &Value, root: &Value, text: &str, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let follow = |schema: &Value| fitting(schema, root, text, depth - 1);
    if let Some(pointer) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        return root.pointer(pointer).map_or(Value::Null, follow);
    }
    if let Some(value) = schema.get("const").or_else(|| schema["enum"].get(0)) {
        return value.clone();
    }
    if let Some(choice) = schema["anyOf"].get(0).or_else(|| schema["oneOf"].get(0)) {
        return follow(choice);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind {
        Some("string") => json!(text),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(0)),
        Some("boolean") => json!(true),
        Some("array") => {
            let count = schema["minItems"].as_u64().unwrap_or(0);
            (0..count).map(|_| follow(&schema["items"])).collect()
        }
        Some("object") => {
            let properties = schema["properties"].as_object();
            let members = properties.into_iter().flatten().map(|(name, schema)| (name.clone(), follow(schema)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}
