//! The types of the TypeScript client.

use std::fmt::Write;

use super::BANNER;
use super::contract::Contract;
use super::shape::{Field, Shape, description};
use crate::protocol::PROTOCOL_VERSION;
use crate::protocol::errors::{ERROR_CODES, FURTHER_KINDS};

pub fn text(contract: &Contract) -> String {
    let mut text = format!("// {BANNER}\n\n");
    let _ = writeln!(
        text,
        "/** The version of the protocol these types are of. */\nexport const PROTOCOL_VERSION = {PROTOCOL_VERSION};"
    );
    for (name, schema) in &contract.types {
        let _ = write!(text, "\n{}", declared(name, &Shape::of(schema), &description(schema)));
    }
    text.push_str("\n/** The params and the result of each request, by its name. */\nexport interface Requests {\n");
    for method in &contract.methods {
        let (params, result) = (written(&Shape::of(&method.params)), written(&Shape::of(&method.result)));
        let _ = write!(text, "{}", comment(method.summary, "  "));
        let _ = writeln!(text, "  \"{}\": {{ params: {params}; result: {result} }};", method.name);
    }
    text.push_str("}\n\n/** The params of each notification, by its name. */\nexport interface Notifications {\n");
    for each in &contract.notifications {
        let params = written(&Shape::of(&each.params));
        let _ = writeln!(text, "{}  \"{}\": {params};", comment(each.summary, "  "), each.name);
    }
    text.push_str("}\n\n/** Every notification's name. */\nexport const NOTIFICATIONS = [\n");
    for each in &contract.notifications {
        let _ = writeln!(text, "  \"{}\",", each.name);
    }
    text.push_str("] as const satisfies readonly (keyof Notifications)[];\n");
    text.push_str("\n/** The product's own codes by their kind. */\nexport const ERROR_CODES = {\n");
    for row in ERROR_CODES {
        let _ = writeln!(text, "{}  {}: {},", comment(row.meaning, "  "), row.kind, row.code);
    }
    let further = FURTHER_KINDS.map(|kind| format!(" | \"{kind}\"")).concat();
    let _ = write!(
        text,
        "}} as const;\n\n/** `data.kind` of an error. */\nexport type ErrorKind = keyof typeof ERROR_CODES{further};\n"
    );
    text
}

fn declared(name: &str, shape: &Shape, description: &str) -> String {
    let head = comment(description, "");
    match shape {
        Shape::Object(fields) if !fields.is_empty() => {
            format!("{head}export interface {name} {{\n{}}}\n", fields.iter().map(member).collect::<String>())
        }
        Shape::OneOf(choices) if choices.iter().all(|choice| matches!(choice, Shape::Constant(_))) => {
            let choices: Vec<String> = choices.iter().map(written).collect();
            format!("{head}export type {name} =\n  | {};\n", choices.join("\n  | "))
        }
        shape => format!("{head}export type {name} = {};\n", written(shape)),
    }
}

fn member(field: &Field) -> String {
    let mark = if field.is_required { "" } else { "?" };
    format!("{}  {}{mark}: {};\n", comment(&field.description, "  "), field.name, written(&field.shape))
}

fn written(shape: &Shape) -> String {
    match shape {
        Shape::Any => "unknown".to_owned(),
        Shape::Null => "null".to_owned(),
        Shape::Bool => "boolean".to_owned(),
        Shape::Integer | Shape::Number => "number".to_owned(),
        Shape::Text => "string".to_owned(),
        Shape::Constant(text) => format!("\"{text}\""),
        Shape::Named(name) => name.clone(),
        Shape::List(inner) => match inner.as_ref() {
            inner @ Shape::OneOf(_) => format!("({})[]", written(inner)),
            inner => format!("{}[]", written(inner)),
        },
        Shape::Table(inner) => format!("Record<string, {}>", written(inner)),
        Shape::Object(fields) if fields.is_empty() => "Record<string, never>".to_owned(),
        Shape::Object(fields) => format!("{{\n{}}}", fields.iter().map(member).collect::<String>()),
        Shape::OneOf(choices) => choices.iter().map(written).collect::<Vec<_>>().join(" | "),
    }
}

fn comment(text: &str, indent: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{indent}/** {} */\n", text.replace('\n', " ")) }
}
