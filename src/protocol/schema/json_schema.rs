//! The protocol as JSON Schema 2020-12. The document itself takes every message; what a method's params and result and
//! a notification's params are stands in `$defs` under `Params`, `Results` and `Notifications`, by name.

use serde_json::{Map, Value, json};

use super::BANNER;
use super::contract::Contract;
use crate::protocol::PROTOCOL_VERSION;
use crate::protocol::errors::ERROR_CODES;

pub fn document(contract: &Contract) -> Value {
    let methods = || contract.methods.iter().chain([&contract.subscribe]);
    let requests = methods().map(|method| message(method.name, &method.params, true));
    let notifications = contract.notifications.iter().map(|each| message(each.name, &each.params, false));
    let mut definitions = Map::new();
    let mut define = |name: &str, schema: Value| definitions.insert(name.to_owned(), schema);
    define("Id", json!({"type": ["integer", "string"]}));
    define("Request", json!({"oneOf": requests.collect::<Vec<_>>()}));
    define("Notification", json!({"oneOf": notifications.collect::<Vec<_>>()}));
    define(
        "SuccessResponse",
        json!({
            "type": "object",
            "properties": {"jsonrpc": {"const": "2.0"}, "id": {"$ref": "#/$defs/Id"}, "result": true},
            "required": ["jsonrpc", "id", "result"],
            "additionalProperties": false,
        }),
    );
    define(
        "ErrorResponse",
        json!({
            "type": "object",
            "properties": {
                "jsonrpc": {"const": "2.0"},
                "id": {"anyOf": [{"$ref": "#/$defs/Id"}, {"type": "null"}]},
                "error": {"$ref": "#/$defs/Error"},
            },
            "required": ["jsonrpc", "id", "error"],
            "additionalProperties": false,
        }),
    );
    define("Error", error());
    define("Params", by_name(methods().map(|method| (method.name, method.params.clone()))));
    define("Results", by_name(methods().map(|method| (method.name, method.result.clone()))));
    define("Notifications", by_name(contract.notifications.iter().map(|each| (each.name, each.params.clone()))));
    definitions.extend(contract.types.clone());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:codex-account-manager:protocol:{PROTOCOL_VERSION}"),
        "$comment": BANNER,
        "title": "codex-account-manager protocol",
        "description": "Every message of the product's own; LSP's are in its specification.",
        "anyOf": [
            {"$ref": "#/$defs/Request"},
            {"$ref": "#/$defs/Notification"},
            {"$ref": "#/$defs/SuccessResponse"},
            {"$ref": "#/$defs/ErrorResponse"},
        ],
        "$defs": definitions,
    })
}

fn message(name: &str, params: &Value, is_request: bool) -> Value {
    let mut properties = json!({"jsonrpc": {"const": "2.0"}, "method": {"const": name}, "params": params});
    let mut required = vec!["jsonrpc", "method"];
    if is_request {
        properties["id"] = json!({"$ref": "#/$defs/Id"});
        required.push("id");
    } else {
        required.push("params");
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// One of the product's own codes comes with its kind; JSON-RPC's own may come with anything.
fn error() -> Value {
    let codes: Vec<Value> = ERROR_CODES
        .iter()
        .map(|row| json!({"const": row.code, "description": format!("`{}`: {}", row.kind, row.meaning)}))
        .collect();
    json!({
        "type": "object",
        "properties": {"code": {"type": "integer"}, "message": {"type": "string"}, "data": true},
        "required": ["code", "message"],
        "if": {"properties": {"code": {"oneOf": codes}}},
        "then": {"properties": {"data": {"$ref": "#/$defs/ErrorData"}}, "required": ["data"]},
    })
}

fn by_name<'n>(schemas: impl Iterator<Item = (&'n str, Value)>) -> Value {
    let properties: Map<String, Value> = schemas.map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}
