//! Types as programming languages have them, read from their schemas.

use serde_json::{Map, Value};

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Anything at all.
    Any,
    Null,
    Bool,
    Integer,
    Number,
    Text,
    /// This text and no other.
    Constant(String),
    /// A type with a name.
    Named(String),
    List(Box<Shape>),
    /// An object whose members are named at run time.
    Table(Box<Shape>),
    Object(Vec<Field>),
    OneOf(Vec<Shape>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: String,
    pub shape: Shape,
    pub is_required: bool,
    pub description: String,
}

impl Shape {
    /// The type that `schema` describes.
    pub fn of(schema: &Value) -> Shape {
        let Some(members) = schema.as_object() else { return Shape::Any };
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            return Shape::Named(reference.rsplit('/').next().unwrap_or_default().to_owned());
        }
        if let Some(constant) = members.get("const").and_then(Value::as_str) {
            return Shape::Constant(constant.to_owned());
        }
        if let Some(texts) = members.get("enum").and_then(Value::as_array) {
            return Shape::one_of(texts.iter().filter_map(Value::as_str).map(|text| Shape::Constant(text.to_owned())));
        }
        if let Some(choices) = members.get("anyOf").or_else(|| members.get("oneOf")).and_then(Value::as_array) {
            return Shape::one_of(choices.iter().map(Shape::of));
        }
        match members.get("type") {
            Some(Value::String(kind)) => Shape::of_kind(kind, members),
            Some(Value::Array(kinds)) => {
                Shape::one_of(kinds.iter().filter_map(Value::as_str).map(|kind| Shape::of_kind(kind, members)))
            }
            _ => Shape::Any,
        }
    }

    fn of_kind(kind: &str, members: &Map<String, Value>) -> Shape {
        let inner = |name: &str| Box::new(members.get(name).map_or(Shape::Any, Shape::of));
        match kind {
            "null" => Shape::Null,
            "boolean" => Shape::Bool,
            "integer" => Shape::Integer,
            "number" => Shape::Number,
            "string" => Shape::Text,
            "array" => Shape::List(inner("items")),
            "object" => match (members.get("properties"), members.get("additionalProperties")) {
                (None, Some(Value::Object(_))) => Shape::Table(inner("additionalProperties")),
                (properties, _) => Shape::Object(fields(properties, members.get("required"))),
            },
            _ => Shape::Any,
        }
    }

    fn one_of(choices: impl Iterator<Item = Shape>) -> Shape {
        let mut choices: Vec<Shape> = choices.collect();
        if choices.len() == 1 { choices.remove(0) } else { Shape::OneOf(choices) }
    }
}

fn fields(properties: Option<&Value>, required: Option<&Value>) -> Vec<Field> {
    let is_required = |name: &str| required.and_then(Value::as_array).is_some_and(|all| all.iter().any(|r| r == name));
    let properties = properties.and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| Field {
            name: name.clone(),
            shape: Shape::of(schema),
            is_required: is_required(name),
            description: description(schema),
        })
        .collect()
}

/// What a schema says of itself.
pub fn description(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().to_owned()
}
