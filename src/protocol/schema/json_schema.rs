//! The protocol as JSON Schema 2020-12. The document itself takes every message; what a method's params and result and
//! a notification's params are stands in `$defs` under `Params`, `Results` and `Notifications`, by name.

use serde_json::{Map, Value, json};

use super::BANNER;
use super::contract::Contract;
use crate::protocol::errors::ERROR_CODES;
use crate::protocol::subscription::UNSUBSCRIBE;
use crate::protocol::{IGNORED_MEMBERS, PROTOCOL_VERSION};

pub fn document(contract: &Contract) -> Value {
    let methods = || contract.methods.iter().chain([&contract.subscribe]);
    let requests =
        methods().map(|method| request(method.name, &method.params, contract.may_be_left_out(&method.params)));
    let unsubscribe = request(
        UNSUBSCRIBE,
        &json!({"type": "array", "prefixItems": [{"type": "string"}], "items": false, "minItems": 1}),
        false,
    );
    let notifications = contract.notifications.iter().map(|each| notification(each.name, &each.params));
    let mut definitions = Map::new();
    let mut define = |name: &str, schema: Value| definitions.insert(name.to_owned(), schema);
    define("Id", json!({"type": ["integer", "string"]}));
    define("Request", json!({"oneOf": requests.chain([unsubscribe]).collect::<Vec<_>>()}));
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
    definitions
        .extend(contract.types.iter().map(|(name, schema)| (name.clone(), with_ignored_members(schema.clone()))));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:codex-account-manager:protocol:{PROTOCOL_VERSION}"),
        "$comment": BANNER,
        "title": "codex-account-manager protocol",
        "description": "Every message of the product's own, on stdio and at `/rpc`; LSP's are in its specification.",
        "anyOf": [
            {"$ref": "#/$defs/Request"},
            {"$ref": "#/$defs/Notification"},
            {"$ref": "#/$defs/SuccessResponse"},
            {"$ref": "#/$defs/ErrorResponse"},
        ],
        "$defs": definitions,
    })
}

fn request(name: &str, params: &Value, may_be_left_out: bool) -> Value {
    let mut required = vec!["jsonrpc", "id", "method"];
    let params = if may_be_left_out {
        json!({"anyOf": [params, {"type": "null"}]})
    } else {
        required.push("params");
        params.clone()
    };
    let id = json!({"$ref": "#/$defs/Id"});
    let properties = json!({"jsonrpc": {"const": "2.0"}, "id": id, "method": {"const": name}, "params": params});
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// As it comes on stdio, or as a subscription brings it.
fn notification(name: &str, params: &Value) -> Value {
    let params = json!({"anyOf": [params, delivered(params)]});
    let properties = json!({"jsonrpc": {"const": "2.0"}, "method": {"const": name}, "params": params});
    let required = ["jsonrpc", "method", "params"];
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// The params of a notification that a subscription brings.
pub fn delivered(params: &Value) -> Value {
    json!({
        "type": "object",
        "properties": {"subscription": {"type": "string"}, "result": params},
        "required": ["subscription", "result"],
        "additionalProperties": false,
    })
}

/// Any client may add these to the params of any method; they mean nothing here.
fn with_ignored_members(mut schema: Value) -> Value {
    if schema["additionalProperties"] == false {
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        let ignored = IGNORED_MEMBERS.map(|name| (name.to_owned(), Value::Bool(true)));
        schema["properties"] = properties.into_iter().chain(ignored).collect::<Map<String, Value>>().into();
    }
    schema
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
