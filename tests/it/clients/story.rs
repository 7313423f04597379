//! The same story by every client: list, switch, a failover, a login, status, the end. What each said is
//! a snapshot of its own; what the server said is one for all.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::api::{Answer, LimitKind, Wait};
use simulated_openai::chatgpt::{Login, SimulatedChatGpt};

use super::python;
use crate::snapshot;
use crate::support::conversation::Conversation;
use crate::support::logins::browser;
use crate::support::sandbox::BINARY;
use crate::support::transcript::Transcript;
use crate::support::{Pool, Running, Sandbox, eventually, require, tools};

/// What the story has of every client that tells it whole. A client may ask for more.
const STORY: [&str; 14] = [
    "accounts/didChange",
    "accounts/didLogin",
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

/// The home of a story: three accounts, the second of them limited, a person who logs in by a code, and a binary that
/// writes down what is said.
struct Stage {
    pool: Pool,
    issuer: SimulatedChatGpt,
}

impl Stage {
    /// `None` after saying what is missing.
    fn set() -> Option<Stage> {
        let tap = tools::python_with("json", "tap.py")?;
        let mut pool = Pool::new(3);
        let limit = Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(3600)), kind: LimitKind::Tokens };
        pool.upstream.always(&pool.keys[1], Some(limit));
        let issuer = person(&mut pool.sandbox);
        // What a client opens is opened here, and no other word is said of the login than its own.
        browser(&mut pool.sandbox);
        std::fs::write(pool.sandbox.path("config.toml"), "[polling]\nenabled = false\n").unwrap();
        let program = pool.sandbox.path("tapped");
        std::fs::write(&program, format!("#!/bin/sh\nexec '{}' '{}' \"$@\"\n", tap[0], tap[1])).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let log = pool.sandbox.path("said.jsonl").display().to_string();
        pool.sandbox.set("CAM_BINARY", program.to_str().unwrap()).set("TAP_PROGRAM", BINARY).set("TAP_LOG", &log);
        Some(Stage { pool, issuer })
    }

    /// Lets the client tell the story, and holds what was said against the schemas and the snapshots.
    #[track_caller]
    fn perform(&self, name: &str, client: Command, part: Part) {
        let output = Running::start(client).finish();
        assert_eq!(output.code, 0, "{output:?}");
        assert!(output.stdout.trim_end().ends_with("story: done"), "{output:?}");
        eventually("nothing is left of the session", || self.pool.sandbox.session_ids().is_empty().then_some(()));
        let conversation = Conversation::of(&self.pool.sandbox.path("said.jsonl"));
        conversation.check_valid(&self.pool.sandbox);
        snapshot!(format!("story_{name}"), self.transcript(&conversation));
        check_agrees(&self.answers(&conversation), part);
    }

    fn masks(&self, conversation: &Conversation) -> Transcript {
        let mut transcript = Transcript::default();
        // What a process writes down by itself, such as its current account, comes between any two steps.
        transcript.mask_member("revision");
        // Clients write their requests in JSON of their own, longer or shorter.
        transcript.mask_member("inputTokens");
        transcript.mask_member("costUsd");
        // Each is a program of its own, in folders of its own.
        transcript.leave_out("program");
        transcript.leave_out("folder");
        transcript.mask(self.pool.sandbox.home().display().to_string(), "[home]");
        for (number, id) in self.pool.ids.iter().enumerate() {
            transcript.mask(id, format!("[account {}]", number + 1));
        }
        transcript.mask(self.issuer.base_url(), "[issuer]");
        transcript.mask_member("userCode");
        transcript.mask_member("expiresAt");
        if let Some(end) = conversation.told().find(|told| told["method"] == "accounts/didLogin") {
            transcript.mask(end["params"]["loginId"].as_str().unwrap(), "[login]");
            transcript.mask(end["params"]["account"].as_str().unwrap(), "[account 4]");
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
            // Some clients kill right after it, and whether it was still read is chance.
            if method == "exit" {
                continue;
            }
            let params = match &message["params"] {
                params if method == "initialize" => of_the_client(params),
                params => sorted(params),
            };
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
            let question = question(method, &message["params"]);
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

/// The issuer of a home, and a person who logs in there by the next code.
pub fn person(sandbox: &mut Sandbox) -> SimulatedChatGpt {
    let issuer = SimulatedChatGpt::start_on_thread().unwrap();
    issuer.approve_next_device(issuer.add_login(Login::new("person@example.com", "workspace", "plus")).account);
    sandbox.set_chatgpt(&issuer.base_url());
    issuer
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
    // Such a client may do more at the end, of which it is told.
    let reference =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/story_server.snap")).unwrap();
    let mut known = 0;
    for said in reference.split("\n# ").skip(1) {
        let (to, said) = said.split_once('\n').unwrap();
        if let Some(told) = answers.get(to) {
            known += 1;
            assert!(
                told.starts_with(said.trim_end()),
                "to {to} the server said this, and to the others\n{said}:\n{told}"
            );
        }
    }
    assert!(known > 6, "it tells hardly anything of the story: {:?}", answers.keys());
}

/// Of what a client says of itself, the part that is not its version's.
fn of_the_client(params: &Value) -> Value {
    let options = &params["initializationOptions"];
    json!({"clientInfo": {"name": params["clientInfo"]["name"]}, "initializationOptions": options})
}

/// The same with members in the order of their names; tables of Lua have no order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<&String, Value> = members.iter().map(|(name, value)| (name, sorted(value))).collect();
            json!(members)
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// The same words for the same question, however a client puts it.
fn question(method: &str, params: &Value) -> String {
    let mut params = sorted(params);
    if params["arguments"].as_array().is_some_and(Vec::is_empty) || params["arguments"].is_null() {
        params.as_object_mut().map(|params| params.shift_remove("arguments"));
    }
    if matches!(method, "initialize" | "shutdown") { method.to_owned() } else { format!("{method} {params}") }
}

fn result(answered: &Value) -> Value {
    match answered.get("error") {
        Some(error) => json!({"error": error}),
        None => answered["result"].clone(),
    }
}

#[test]
fn by_the_python_client() {
    let (Some(stage), Some(python)) = (Stage::set(), python::environment()) else { return };
    let mut client = stage.pool.sandbox.program(python.join("bin/python").to_str().unwrap());
    client.arg(tools::script("story_python.py"));
    stage.perform("python", client, Part::Whole);
}

#[test]
fn by_the_typescript_client() {
    let (Some(stage), Some(_)) = (Stage::set(), tools::clients()) else { return };
    let mut client = stage.pool.sandbox.program("node");
    client.arg(tools::script("story_typescript.mjs"));
    stage.perform("typescript", client, Part::Whole);
}

#[test]
fn by_the_opencode_plugin() {
    let (Some(stage), Some(_)) = (Stage::set(), tools::clients()) else { return };
    let mut client = stage.pool.sandbox.program("node");
    client.arg(tools::script("story_opencode.mjs"));
    stage.perform("opencode", client, Part::Some);
}

#[test]
fn by_the_neovim_plugin() {
    if !require("nvim") || !require("curl") {
        return;
    }
    let Some(stage) = Stage::set() else { return };
    let plugin = tools::text(&tools::source().join("clients/neovim"));
    let mut client = stage.pool.sandbox.program("nvim");
    client.args(["--headless", "--clean", "-n", "--cmd", &format!("set runtimepath^={plugin}")]);
    client.args(["-c", &format!("luafile {}", tools::script("story_neovim.lua"))]);
    stage.perform("neovim", client, Part::Whole);
}

#[test]
fn by_eglot() {
    if !require("emacs") || !require("curl") {
        return;
    }
    let Some(stage) = Stage::set() else { return };
    let mut client = stage.pool.sandbox.program("emacs");
    client.args(["--batch", "-L", &tools::text(&tools::source().join("clients/examples/emacs"))]);
    client.args(["-l", &tools::script("story_eglot.el")]);
    stage.perform("eglot", client, Part::Whole);
}

#[test]
fn by_the_vs_code_extension() {
    let (Some(stage), Some(_)) = (Stage::set(), tools::clients()) else { return };
    let mut client = stage.pool.sandbox.program("node");
    client.arg(tools::script("story_vscode.mjs"));
    // Its commands name accounts by their ids.
    stage.perform("vscode", client, Part::Some);
}
