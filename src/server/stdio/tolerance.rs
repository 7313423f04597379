//! In front of the language server: what its types would refuse and clients do send.

use language_server::jsonrpc::{Id, Request};
use serde_json::{Value, json};

use super::client::{self, Introduction};
use crate::protocol::{ExecuteCommand, Method};

/// The server has a handler of its own for `workspace/executeCommand`, with params that refuse more than ours and say
/// less of why. It is handed over under this name.
const EXECUTE_COMMAND: &str = "product/executeCommand";

/// The name under which the server finds the handler of `method`.
pub fn name(method: &'static str) -> &'static str {
    if method == ExecuteCommand::NAME { EXECUTE_COMMAND } else { method }
}

/// Whether a request of that name is one that the server would leave unanswered, or that no client may send.
pub fn is_unknown(method: &str) -> bool {
    method.starts_with("$/") || method == EXECUTE_COMMAND
}

/// The request as the server takes it: absent and null params become what the method's type takes.
pub fn request(method: String, id: Option<Id>, params: Option<Value>) -> Request {
    let params = match (method.as_str(), params) {
        ("initialize", params) => Some(initialize_params(params.as_ref())),
        ("workspace/didChangeWorkspaceFolders", params) => Some(folders_params(params.as_ref())),
        ("workspace/didChangeConfiguration", params) => {
            Some(json!({ "settings": params.as_ref().and_then(|params| params.get("settings")) }))
        }
        ("shutdown" | "exit", _) => None,
        (_, params) => Some(params.unwrap_or_else(|| json!({}))),
    };
    let mut request = Request::build(if method == ExecuteCommand::NAME { EXECUTE_COMMAND.to_owned() } else { method });
    if let Some(id) = id {
        request = request.id(id);
    }
    if let Some(params) = params {
        request = request.params(params);
    }
    request.finish()
}

/// A folder as the type takes it.
fn folder(place: &str) -> Value {
    json!({ "uri": client::uri(place), "name": "" })
}

/// The folders that come and go.
fn folders_params(params: Option<&Value>) -> Value {
    let params = params.unwrap_or(&Value::Null);
    let event = params.get("event").filter(|event| event.is_object()).unwrap_or(params);
    let of = |name: &str| {
        client::list(&event[name]).iter().filter_map(client::place).map(|place| folder(&place)).collect::<Value>()
    };
    json!({ "event": { "added": of("added"), "removed": of("removed") } })
}

/// The parts of `initialize` that are used, in the form the type takes; clients differ in all the others.
fn initialize_params(params: Option<&Value>) -> Value {
    let field = |name: &str| params.and_then(|params| params.get(name)).cloned().unwrap_or_default();
    let process_id = field("processId").as_u64().and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0);
    let capabilities = field("capabilities");
    let says = |pointer: &str| capabilities.pointer(pointer).is_some_and(|says| *says == true);
    let window = json!({
        "workDoneProgress": says("/window/workDoneProgress"),
        "showDocument": { "support": says("/window/showDocument/support") },
    });
    let client = Introduction::of(params.unwrap_or(&Value::Null));
    json!({
        "processId": process_id,
        "clientInfo": client.program.map(|program| json!({ "name": program })),
        "rootPath": client.folders.first(),
        "workspaceFolders": client.places.iter().map(|place| folder(place)).collect::<Vec<_>>(),
        "initializationOptions": field("initializationOptions"),
        "capabilities": { "window": window },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_come_and_go_are_read_wherever_they_stand() {
        let one = json!({ "uri": "untitled:x" });
        let elsewhere = json!([folder("untitled:x")]);
        for params in [
            json!({ "event": { "added": [one], "removed": null } }),
            json!({ "event": { "added": one } }),
            json!({ "added": [null, one] }),
            json!({ "event": null, "added": [one] }),
        ] {
            let read = folders_params(Some(&params));
            assert_eq!(read["event"], json!({ "added": elsewhere, "removed": [] }), "{params}");
        }
        assert_eq!(folders_params(None)["event"], json!({ "added": [], "removed": [] }));
    }
}
