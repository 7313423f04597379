//! The methods of `/rpc` as an OpenRPC document, for generators of clients and of forms.
//! <https://spec.open-rpc.org>

use serde_json::{Map, Value, json};

use super::BANNER;
use super::contract::{Contract, Declared};
use super::json_schema::delivered;
use crate::protocol::errors::ERROR_CODES;
use crate::protocol::subscription::UNSUBSCRIBE;

pub fn document(contract: &Contract) -> Value {
    let methods = contract.methods.iter().map(|each| method(each, contract)).chain(subscriptions(contract));
    let notifications: Map<String, Value> = contract
        .notifications
        .iter()
        .map(|each| {
            (each.name.to_owned(), json!({"summary": each.summary, "params": delivered(&relocated(&each.params))}))
        })
        .collect();
    let schemas: Map<String, Value> =
        contract.types.iter().map(|(name, schema)| (name.clone(), relocated(schema))).collect();
    json!({
        "openrpc": "1.3.2",
        "info": {
            "title": env!("CARGO_PKG_NAME"),
            "description": format!("{} {BANNER}", "The JSON-RPC methods of a session, as `POST` and WebSocket `/rpc` serve them."),
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{
            "name": "session",
            "url": "http://127.0.0.1:${port}/rpc",
            "description": "With `Authorization: Bearer TOKEN`; port and token are in the initialize result and, for this user, in the session's file beside the accounts file.",
            "variables": {"port": {"default": "0", "description": "The port of the session's proxy."}},
        }],
        "methods": methods.collect::<Vec<_>>(),
        "x-notifications": notifications,
        "components": {"schemas": schemas, "errors": errors()},
    })
}

fn method(method: &Declared, contract: &Contract) -> Value {
    let refused: Vec<Value> =
        ERROR_CODES.iter().map(|row| json!({"$ref": format!("#/components/errors/{}", row.kind)})).collect();
    json!({
        "name": method.name,
        "summary": method.summary,
        "paramStructure": "by-name",
        "params": params(method, contract),
        "result": {"name": "result", "schema": relocated(&method.result)},
        "errors": refused,
    })
}

/// OpenRPC describes each member of the params on its own.
fn params(method: &Declared, contract: &Contract) -> Vec<Value> {
    let name = method.params["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
    let schema = contract.types.get(name).unwrap_or(&method.params);
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    properties
        .into_iter()
        .map(|(name, schema)| {
            let is_required = required.iter().any(|required| *required == name);
            let description = schema["description"].clone();
            json!({"name": name, "description": description, "required": is_required, "schema": relocated(&schema)})
        })
        .collect()
}

/// What a WebSocket has beside the methods.
fn subscriptions(contract: &Contract) -> [Value; 2] {
    let unsubscribe = json!({
        "name": UNSUBSCRIBE,
        "summary": "Ends a subscription; its result says whether there was one.",
        "paramStructure": "by-position",
        "params": [{"name": "subscription", "required": true, "schema": {"type": "string"}}],
        "result": {"name": "result", "schema": {"type": "boolean"}},
    });
    [method(&contract.subscribe, contract), unsubscribe]
}

fn errors() -> Map<String, Value> {
    ERROR_CODES
        .iter()
        .map(|row| {
            let data = json!({"kind": row.kind, "retryable": row.retryable});
            (row.kind.to_owned(), json!({"code": row.code, "message": row.meaning, "data": data}))
        })
        .collect()
}

/// References as the document has them.
fn relocated(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| match value {
                Value::String(reference) if name == "$ref" => {
                    (name.clone(), reference.replace("#/$defs/", "#/components/schemas/").into())
                }
                other => (name.clone(), relocated(other)),
            })
            .collect::<Map<String, Value>>()
            .into(),
        Value::Array(items) => items.iter().map(relocated).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}
