//! The types of the Python client.

use std::fmt::Write;

use super::BANNER;
use super::contract::Contract;
use super::shape::{Field, Shape, description};
use crate::protocol::PROTOCOL_VERSION;
use crate::protocol::errors::{ERROR_CODES, FURTHER_KINDS};

const HEAD: &str = "\
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, overload
";

pub fn text(contract: &Contract) -> String {
    let mut text = format!("# {BANNER}\n\"\"\"The words on the wire.\"\"\"\n\n{HEAD}\n");
    let _ = writeln!(text, "PROTOCOL_VERSION = {PROTOCOL_VERSION}\n");
    for (name, schema) in &contract.types {
        let _ = write!(text, "\n{}\n", declared(name, &Shape::of(schema), &description(schema)));
    }
    text.push_str("\n#: The product's own codes by their kind.\nERROR_CODES: dict[str, int] = {\n");
    for row in ERROR_CODES {
        let _ = writeln!(text, "    \"{}\": {},  # {}", row.kind, row.code, row.meaning);
    }
    let kinds = ERROR_CODES.iter().map(|row| row.kind).chain(FURTHER_KINDS);
    let kinds: Vec<String> = kinds.map(|kind| format!("    \"{kind}\",\n")).collect();
    let _ = write!(text, "}}\n\n#: `data.kind` of an error.\nErrorKind: TypeAlias = Literal[\n{}]\n", kinds.concat());
    let _ = write!(text, "\n\n{}\n\n{}", requests(contract), notifications(contract));
    text
}

fn requests(contract: &Contract) -> String {
    let mut text =
        "class Requests:\n    \"\"\"The params and the result of each request, by its name.\"\"\"\n".to_owned();
    for method in &contract.methods {
        let default = if contract.may_be_left_out(&method.params) { " = ..." } else { "" };
        let (params, result) = (written(&Shape::of(&method.params)), written(&Shape::of(&method.result)));
        let _ = write!(
            text,
            "\n    @overload\n    async def request(self, method: Literal[\"{}\"], params: {params}{default}) -> {result}:\n        \"\"\"{}\"\"\"\n",
            method.name, method.summary
        );
    }
    text.push_str(
        "\n    async def request(self, method: str, params: Any = None) -> Any:\n        \"\"\"Sends a request and waits for its result.\"\"\"\n        return await self._request(method, params)\n\n    async def _request(self, method: str, params: Any) -> Any:\n        raise NotImplementedError\n",
    );
    text
}

fn notifications(contract: &Contract) -> String {
    let mut text = "class Notifications:\n    \"\"\"The params of each notification, by its name.\"\"\"\n".to_owned();
    for each in &contract.notifications {
        let params = written(&Shape::of(&each.params));
        let _ = write!(
            text,
            "\n    @overload\n    def on(self, method: Literal[\"{}\"], handler: Callable[[{params}], None]) -> Callable[[], None]:\n        \"\"\"{}\"\"\"\n",
            each.name, each.summary
        );
    }
    text.push_str(
        "\n    def on(self, method: str, handler: Callable[[Any], None]) -> Callable[[], None]:\n        \"\"\"Calls `handler` with each notification of that name; call the returned function to stop.\"\"\"\n        return self._on(method, handler)\n\n    def _on(self, method: str, handler: Callable[[Any], None]) -> Callable[[], None]:\n        raise NotImplementedError\n",
    );
    text
}

fn declared(name: &str, shape: &Shape, description: &str) -> String {
    match shape {
        Shape::Object(fields) => {
            let members: String = fields.iter().map(member).collect();
            format!("class {name}(TypedDict):\n    \"\"\"{description}\"\"\"\n{members}")
        }
        shape => format!("#: {description}\n{name}: TypeAlias = {}\n", written(shape)),
    }
}

fn member(field: &Field) -> String {
    let shape = written(&field.shape);
    let shape = if field.is_required { shape } else { format!("NotRequired[{shape}]") };
    format!("\n    {}: {shape}\n    \"\"\"{}\"\"\"\n", field.name, field.description)
}

fn written(shape: &Shape) -> String {
    match shape {
        // An object in place has no name to give it a class.
        Shape::Any | Shape::Object(_) => "Any".to_owned(),
        Shape::Null => "None".to_owned(),
        Shape::Bool => "bool".to_owned(),
        Shape::Integer => "int".to_owned(),
        Shape::Number => "float".to_owned(),
        Shape::Text => "str".to_owned(),
        Shape::Constant(text) => format!("Literal[\"{text}\"]"),
        Shape::Named(name) => name.clone(),
        Shape::List(inner) => format!("list[{}]", written(inner)),
        Shape::Table(inner) => format!("dict[str, {}]", written(inner)),
        Shape::OneOf(choices) => {
            let constants: Vec<&String> = choices
                .iter()
                .filter_map(|choice| if let Shape::Constant(text) = choice { Some(text) } else { None })
                .collect();
            if constants.len() == choices.len() {
                let texts: Vec<String> = constants.iter().map(|text| format!("\"{text}\"")).collect();
                return format!("Literal[{}]", texts.join(", "));
            }
            choices.iter().map(written).collect::<Vec<_>>().join(" | ")
        }
    }
}
