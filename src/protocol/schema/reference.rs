//! The reference for people, in Markdown.

use std::fmt::Write;

use serde_json::Value;

use super::BANNER;
use super::contract::Contract;
use super::shape::{Field, Shape, description};
use crate::protocol::PROTOCOL_VERSION;
use crate::protocol::errors::ERROR_CODES;
use crate::protocol::subscription::{MISSED, SUBSCRIBE, UNSUBSCRIBE};

pub fn text(contract: &Contract) -> String {
    let mut text = format!("<!-- {BANNER} -->\n\n# The protocol\n\n{}", introduction());
    text.push_str("\n## Requests\n");
    for method in &contract.methods {
        let _ = write!(text, "\n### `{}`\n\n{}\n\n", method.name, method.summary);
        let _ = write!(text, "Params: {}\n\n", side(&method.params, contract).trim_end());
        let _ = writeln!(text, "Result: {}", side(&method.result, contract).trim_end());
    }
    text.push_str("\n## Notifications\n");
    for each in &contract.notifications {
        let _ = write!(
            text,
            "\n### `{}`\n\n{}\n\nParams: {}\n",
            each.name,
            each.summary,
            side(&each.params, contract).trim_end()
        );
    }
    text.push_str(
        "\n## Errors\n\nBeside JSON-RPC's own codes. `data` is an `ErrorData`; its `hint` says what to do.\n\n",
    );
    text.push_str("| Code | `data.kind` | Retryable | When |\n| --- | --- | --- | --- |\n");
    for row in ERROR_CODES {
        let retryable = if row.retryable { "yes" } else { "no" };
        let _ = writeln!(text, "| {} | `{}` | {retryable} | {} |", row.code, row.kind, row.meaning);
    }
    text.push_str("\n## Types\n");
    for (name, schema) in contract.types.iter().filter(|(name, _)| !is_side(name)) {
        let _ = write!(text, "\n### `{name}`\n\n{}\n{}", description(schema), body(schema));
    }
    text
}

fn introduction() -> String {
    format!(
        "Version {PROTOCOL_VERSION}. Params and results are camelCase; times are unix milliseconds. Unknown members of \
         params are refused with -32602, clients must ignore unknown members of results. The same as JSON Schema: \
         `protocol.schema.json`; as OpenRPC: `openrpc.json`.\n\n\
         **On stdio**: JSON-RPC in frames with `Content-Length`, and the lifecycle of a language server: `initialize`, \
         `initialized`, `shutdown`, `exit`. The result of `initialize` carries a `SessionInfo` under \
         `capabilities.experimental.codexAccountManager`. `initializationOptions` may contain any configuration key and `masterKey`. For people there are `window/showMessage` and, for clients that show it, `$/progress`.\n\n\
         **At `/rpc`**, on the proxy's port, for a second client: one request in each `POST` \
         (`Content-Type: application/json`), or many over a WebSocket, with `Authorization: Bearer` and the token of \
         `rpc`. A WebSocket asks for notifications with `{SUBSCRIBE}` (a `SubscribeParams`), whose result is the \
         subscription's id. They come under their own names, with a `Delivered` as params, until `{UNSUBSCRIBE}` \
         with `[id]`. A client that reads too slowly receives `{MISSED}`, with a `Missed`, in place of what was left out. \
         Batches are refused.\n"
    )
}

/// The params and results that one method alone has are shown with it.
fn is_side(name: &str) -> bool {
    name.ends_with("Params") || name.ends_with("Result")
}

fn side(schema: &Value, contract: &Contract) -> String {
    match Shape::of(schema) {
        Shape::Named(name) if is_side(&name) => match contract.types.get(&name) {
            Some(schema) => format!("{}\n{}", description(schema), body(schema)),
            None => linked(&name),
        },
        shape => written(&shape),
    }
}

fn body(schema: &Value) -> String {
    let choices = schema["oneOf"].as_array();
    match Shape::of(schema) {
        Shape::Object(fields) if fields.is_empty() => String::new(),
        Shape::Object(fields) => {
            let rows: String = fields.iter().map(row).collect();
            format!("\n| Member | Type | |\n| --- | --- | --- |\n{rows}")
        }
        Shape::OneOf(_) if choices.is_some() => {
            let row = |each| format!("- {}: {}\n", written(&Shape::of(each)), description(each));
            let rows: Vec<String> = choices.into_iter().flatten().map(row).collect();
            format!("\n{}", rows.concat())
        }
        shape => format!("\n{}\n", written(&shape)),
    }
}

fn row(field: &Field) -> String {
    let mark = if field.is_required { "" } else { "?" };
    format!("| `{}{mark}` | {} | {} |\n", field.name, written(&field.shape), field.description.replace('|', "\\|"))
}

fn linked(name: &str) -> String {
    format!("[`{name}`](#{})", name.to_lowercase())
}

fn written(shape: &Shape) -> String {
    match shape {
        Shape::Any => "any".to_owned(),
        Shape::Null => "null".to_owned(),
        Shape::Bool => "boolean".to_owned(),
        Shape::Integer => "integer".to_owned(),
        Shape::Number => "number".to_owned(),
        Shape::Text => "string".to_owned(),
        Shape::Constant(text) => format!("`\"{text}\"`"),
        Shape::Named(name) => linked(name),
        Shape::List(inner) => format!("list of {}", written(inner)),
        Shape::Table(inner) => format!("table of {}", written(inner)),
        Shape::Object(_) => "object".to_owned(),
        Shape::OneOf(choices) => choices.iter().map(written).collect::<Vec<_>>().join(" or "),
    }
}
