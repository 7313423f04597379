//! What two sides said, message by message, and whether the schemas allow it.

use std::path::Path;

use serde_json::{Value, json};

use super::sandbox::{self, Sandbox};
use super::tools;

/// Everything that was said, each message as it was on the wire.
#[derive(Default)]
pub struct Conversation {
    said: Vec<Said>,
}

/// One message.
struct Said {
    by_server: bool,
    message: Value,
}

impl Conversation {
    /// What `tests/tools/tap.py` wrote down.
    #[track_caller]
    pub fn of(log: &Path) -> Conversation {
        let lines = std::fs::read_to_string(log).unwrap_or_default();
        let said = lines.lines().map(|line| {
            let mut line: Value = serde_json::from_str(line).expect("a line of the log is JSON");
            Said { by_server: line["from"] == "server", message: line["message"].take() }
        });
        Conversation { said: said.collect() }
    }

    /// The client said this.
    pub fn sent(&mut self, message: Value) {
        self.said.push(Said { by_server: false, message });
    }

    /// The server said this.
    pub fn received(&mut self, message: Value) {
        self.said.push(Said { by_server: true, message });
    }

    /// The requests and notifications of the client, each request with the server's answer.
    pub fn exchanges(&self) -> impl Iterator<Item = (&Value, Option<&Value>)> {
        self.said.iter().filter(|said| !said.by_server && said.message["method"].is_string()).map(|said| {
            let id = said.message.get("id");
            let answered = self.said.iter().find(|answer| {
                answer.by_server && answer.message.get("method").is_none() && answer.message.get("id") == id
            });
            (&said.message, id.and(answered).map(|answer| &answer.message))
        })
    }

    /// What the server said unasked.
    pub fn told(&self) -> impl Iterator<Item = &Value> {
        self.said.iter().filter(|said| said.by_server && said.message["method"].is_string()).map(|said| &said.message)
    }

    /// Holds every message against `schemas/` with the libraries of JSON Schema and OpenRPC, and the accounts file too;
    /// says what is missing where they are not here.
    #[track_caller]
    pub fn check_valid(&self, sandbox: &Sandbox) {
        let Some(words) = tools::node(sandbox, "validate.mjs") else { return };
        let mut command = sandbox.program(&words[0]);
        command.args(&words[1..]).arg(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas")).arg(sandbox.accounts_file());
        let all: Vec<Value> =
            self.said.iter().map(|said| json!({"byServer": said.by_server, "message": said.message})).collect();
        let held = sandbox::output(command, Value::from(all).to_string().as_bytes()).ok().json();
        assert!(held.as_object().is_some_and(|held| held.contains_key("initialize result")), "{held}");
    }
}
