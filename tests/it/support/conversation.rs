//! What two sides said, message by message, and whether the schemas allow it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::{Sandbox, tools};

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
        let all: Vec<Value> =
            self.said.iter().map(|said| json!({"byServer": said.by_server, "message": said.message})).collect();
        let question = json!({ "messages": all, "accountsFile": sandbox.accounts_file() });
        let Some(answer) = ask_validator(&question) else { return };
        assert!(answer["held"]["initialize result"].is_number(), "{answer}");
    }
}

/// The answer of `validate.mjs`, which runs once for all tests: reading the schemas takes it a second. `None` after saying
/// what is missing.
#[track_caller]
fn ask_validator(question: &Value) -> Option<Value> {
    static RUNS: Mutex<Option<(Child, BufReader<ChildStdout>)>> = Mutex::new(None);
    let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut child, mut stdout) = match runs.take() {
        Some(runs) => runs,
        None => {
            let mut command = tools::node_outside("validate.mjs")?;
            command.env("SCHEMAS", tools::source().join("schemas"));
            // It ends with its stdin, when the tests have ended.
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let stdout = BufReader::new(child.stdout.take().unwrap());
            (child, stdout)
        }
    };
    let mut answer = String::new();
    writeln!(child.stdin.as_mut().unwrap(), "{question}").unwrap();
    stdout.read_line(&mut answer).unwrap();
    assert!(!answer.is_empty(), "`validate.mjs` has ended, see its stderr");
    *runs = Some((child, stdout));
    Some(serde_json::from_str(&answer).unwrap())
}
