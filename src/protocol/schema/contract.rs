//! The declarations with the schemas of everything they name, in the form that all generators read.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

use crate::protocol::errors::ErrorData;
use crate::protocol::subscription::{Delivered, Missed, SUBSCRIBE, SubscribeParams};
use crate::protocol::{Declaration, METHODS, NOTIFICATIONS, schema_of, session};

/// The protocol as data.
pub struct Contract {
    /// In the order of the declarations.
    pub methods: Vec<Declared>,
    /// In the order of the declarations.
    pub notifications: Vec<Declared>,
    /// `notifications/subscribe`, which the WebSocket alone has.
    pub subscribe: Declared,
    /// Every type that has a name, in the order in which they are first named.
    pub types: Map<String, Value>,
}

/// A method with the schemas of its two sides; each is a reference to a named type or a type in place. A notification has no
/// result.
pub struct Declared {
    pub name: &'static str,
    pub summary: &'static str,
    pub params: Value,
    pub result: Value,
}

impl Contract {
    /// Of the declarations as they are.
    pub fn new() -> Contract {
        // What clients send may leave out more than what the server sends.
        let mut taken = SchemaSettings::draft2020_12().into_generator();
        let mut results = SchemaSettings::draft2020_12().for_serialize().into_generator();
        let declared = |each: &Declaration, params: Schema, results: &mut SchemaGenerator| Declared {
            name: each.name,
            summary: each.summary,
            params: params.into(),
            result: each.result.map(|result| result(results).into()).unwrap_or_default(),
        };
        let methods = METHODS.iter().map(|each| declared(each, (each.params)(&mut taken), &mut results)).collect();
        let notifications = NOTIFICATIONS.iter().map(|each| {
            let params = (each.params)(&mut results);
            declared(each, params, &mut results)
        });
        let notifications = notifications.collect();
        let subscribe = Declared {
            name: SUBSCRIBE,
            summary: "Asks for notifications, on a WebSocket of `/rpc`; its result is the subscription's id.",
            params: reference::<SubscribeParams>(&mut taken),
            result: reference::<String>(&mut results),
        };
        let further =
            [reference::<session::SessionInfo>, reference::<ErrorData>, reference::<Delivered>, reference::<Missed>];
        for further in further {
            further(&mut results);
        }
        let mut types = taken.take_definitions(true);
        types.values_mut().for_each(tidy);
        for (name, mut schema) in results.take_definitions(true) {
            never_null(&mut schema);
            tidy(&mut schema);
            let known = types.insert(name.clone(), schema.clone());
            assert!(known.is_none_or(|known| known == schema), "`{name}` is not the same in both directions");
        }
        Contract { methods, notifications, subscribe, types }
    }
}

impl Contract {
    /// Whether these params may be none at all.
    pub fn may_be_left_out(&self, params: &Value) -> bool {
        let named = params["$ref"].as_str().and_then(|reference| self.types.get(reference.rsplit('/').next()?));
        named.is_some_and(|schema| schema.get("required").is_none())
    }
}

fn reference<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    schema_of::<T>(generator).into()
}

/// What the server may leave out it never sends as null.
fn never_null(schema: &mut Value) {
    let required: Vec<Value> = schema["required"].as_array().cloned().unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        if required.iter().any(|required| required == name) {
            continue;
        }
        if let Some(types) = property.get_mut("type").and_then(Value::as_array_mut) {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                property["type"] = only.clone();
            }
        }
        if let Some(choices) = property.get_mut("anyOf").and_then(Value::as_array_mut) {
            choices.retain(|choice| choice["type"] != "null");
            if let [only] = choices.clone().as_slice()
                && let (Some(property), Some(only)) = (property.as_object_mut(), only.as_object())
            {
                property.remove("anyOf");
                property.extend(only.clone());
            }
        }
    }
}

/// Formats of numbers are Rust's, and no validator knows them.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.remove("format");
            members.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
