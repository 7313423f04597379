//! The same story by every client: list, switch, a failover, a login that is refused, status, the end. What each said is
//! a snapshot of its own; what the server said is one for all.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use codex_account_manager::demo::simulated_openai::{Answer, LimitKind, Wait};
use serde_json::{Value, json};

use crate::snapshot;
use crate::support::conversation::Conversation;
use crate::support::sandbox::BINARY;
use crate::support::transcript::Transcript;
use crate::support::{Pool, Running, tools};

/// What the story has of every client that tells it whole. A client may ask for more.
const STORY: [&str; 13] = [
    "accounts/didChange",
    "accounts/list {}",
    "accounts/login",
    "accounts/switch",
    "initialize",
    "proxy/ready",
    "routing/did",
    "shutdown",
    "status/read",
    "window/showMessage",
    "workspace/executeCommand {\"command\":\"openai-accounts\"}",
    "workspace/executeCommand {\"command\":\"openai-accounts-switch\"",
    "$/progress",
];

/// The home of a story: three accounts, the second of them limited, and a binary that writes down what is said.
struct Stage {
    pool: Pool,
}

impl Stage {
    /// `None` after saying what is missing.
    fn set() -> Option<Stage> {
        let tap = tools::python_with("json", "tap.py")?;
        let mut pool = Pool::new(3);
        let limit = Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(3600)), kind: LimitKind::Tokens };
        pool.upstream.always(&pool.keys[1], Some(limit));
        let program = pool.sandbox.path("tapped");
        std::fs::write(&program, format!("#!/bin/sh\nexec '{}' '{}' \"$@\"\n", tap[0], tap[1])).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let log = pool.sandbox.path("said.jsonl").display().to_string();
        pool.sandbox.set("CAM_BINARY", program.to_str().unwrap()).set("TAP_PROGRAM", BINARY).set("TAP_LOG", &log);
        Some(Stage { pool })
    }

    /// Lets the client tell the story, and holds what was said against the schemas and the snapshots.
    #[track_caller]
    fn perform(&self, name: &str, client: Command, part: Part) {
        let output = Running::start(client).finish();
        assert_eq!(output.code, 0, "{output:?}");
        assert!(output.stdout.trim_end().ends_with("story: done"), "{output:?}");
        assert!(self.pool.sandbox.session_ids().is_empty(), "nothing is left of the session");
        let conversation = Conversation::of(&self.pool.sandbox.path("said.jsonl"));
        conversation.check_valid(&self.pool.sandbox);
        snapshot!(format!("story_{name}"), self.transcript(&conversation));
        check_agrees(&self.answers(&conversation), part);
    }

    fn masks(&self, conversation: &Conversation) -> Transcript {
        let mut transcript = Transcript::default();
        transcript.mask(self.pool.sandbox.home().display().to_string(), "[home]");
        for (number, id) in self.pool.ids.iter().enumerate() {
            transcript.mask(id, format!("[account {}]", number + 1));
        }
        let opened = conversation.exchanges().find(|(asked, _)| asked["method"] == "initialize");
        let opened = opened.and_then(|(_, answered)| answered).expect("it began with a handshake");
        let info = &opened["result"]["capabilities"]["experimental"]["codexAccountManager"];
        transcript.mask(info["session"]["id"].as_str().unwrap(), "[session]");
        transcript.mask(format!("127.0.0.1:{}", info["proxy"]["port"]), "127.0.0.1:[port]");
        transcript
    }

    /// What the client said in its order, a question that it repeats once, each with its answer; then what the server
    /// said unasked, by name, since that comes between any two messages.
    fn transcript(&self, conversation: &Conversation) -> String {
        let mut transcript = self.masks(conversation);
        let mut asked = Vec::new();
        for (message, answered) in conversation.exchanges() {
            let method = message["method"].as_str().unwrap();
            let params =
                if method == "initialize" { of_the_client(&message["params"]) } else { message["params"].clone() };
            if message.get("id").is_some() {
                if asked.contains(&(method, params.clone())) {
                    continue;
                }
                asked.push((method, params.clone()));
            }
            transcript.sent(method, &params);
            if let Some(answered) = answered {
                transcript.answered(&result(answered));
            }
        }
        let mut told: Vec<&Value> = conversation.told().collect();
        told.sort_by_key(|message| message["method"].as_str());
        for message in told {
            transcript.told(message["method"].as_str().unwrap(), &message["params"]);
        }
        transcript.text()
    }

    /// What the server said: the first answer to each question, and every notification by its name.
    fn answers(&self, conversation: &Conversation) -> BTreeMap<String, String> {
        let mut answers: BTreeMap<String, Transcript> = BTreeMap::new();
        for (message, answered) in conversation.exchanges() {
            let method = message["method"].as_str().unwrap();
            let question = match &message["params"] {
                _ if method == "initialize" => method.to_owned(),
                Value::Null => method.to_owned(),
                params => format!("{method} {params}"),
            };
            if let (Some(answered), false) = (answered, answers.contains_key(&question)) {
                answers.entry(question).or_insert_with(|| self.masks(conversation)).answered(&result(answered));
            }
        }
        for message in conversation.told() {
            let name = message["method"].as_str().unwrap();
            answers.entry(name.to_owned()).or_insert_with(|| self.masks(conversation)).told("", &message["params"]);
        }
        answers.into_iter().map(|(to, said)| (to, said.text())).collect()
    }
}

/// How much of the story a client tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All of it.
    Whole,
    /// What its users can do.
    Some,
}

/// What the server said is the same for every client.
#[track_caller]
fn check_agrees(answers: &BTreeMap<String, String>, part: Part) {
    let block = |(to, said): (&String, &String)| format!("# {to}\n{said}");
    if part == Part::Whole {
        let wanted = answers.iter().filter(|(to, _)| STORY.iter().any(|step| to.starts_with(step)));
        snapshot!("story_server", wanted.map(block).collect::<Vec<_>>().join("\n"));
        return;
    }
    let reference =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/story_server.snap")).unwrap();
    let known = answers.iter().filter(|(to, _)| reference.contains(&format!("\n# {to}\n")));
    let known: Vec<String> = known.map(block).collect();
    assert!(known.len() > 4, "it says hardly anything of the story: {:?}", answers.keys());
    for said in known {
        assert!(reference.contains(said.trim_end()), "the server said otherwise to the others:\n{said}");
    }
}

/// Of what a client says of itself, the part that is not its version's.
fn of_the_client(params: &Value) -> Value {
    let options = &params["initializationOptions"];
    json!({"clientInfo": {"name": params["clientInfo"]["name"]}, "initializationOptions": options})
}

fn result(answered: &Value) -> Value {
    match answered.get("error") {
        Some(error) => json!({"error": error}),
        None => answered["result"].clone(),
    }
}
