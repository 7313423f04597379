//! The real OpenCode, the real Codex and the official SDKs with nothing but ChatGPT logins behind them.

use std::time::Duration;

use codex_account_manager::demo::simulated_chatgpt::{Answer, ToolCall};
use serde_json::{Value, json};

use crate::support::logins::Logins;
use crate::support::sandbox::Output;
use crate::support::tools::{self, DEAD_PROXY};
use crate::support::{Pool, Running, Sandbox, eventually};

const SAID: &str = "The tool has spoken.";

/// What the agents sent to the model, oldest first.
fn bodies(logins: &Logins) -> Vec<Value> {
    let sent = logins.upstream.requests_of("/backend-api/codex/responses");
    sent.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

/// The result of a tool that came back to the model.
#[track_caller]
fn tool_result(logins: &Logins) -> String {
    let bodies = bodies(logins);
    let last = bodies.last().expect("the agent asked");
    let items = last["input"].as_array().unwrap();
    let result = items.iter().find(|item| item["type"].as_str().unwrap_or_default().ends_with("call_output"));
    result.unwrap_or_else(|| panic!("no tool's result came back: {last}"))["output"].to_string()
}

fn call(name: &str, arguments: &Value) -> Answer {
    Answer::CallTools(vec![ToolCall { name: name.to_owned(), arguments: arguments.to_string() }])
}

fn opencode(logins: &Logins, opencode: &str) -> Output {
    let words = [opencode, "run", "-m", "openai/gpt-5.4", "--title", "t", "use your tool"];
    let mut command = tools::through_run(&logins.sandbox, &words);
    command.env("OPENCODE_DISABLE_MODELS_FETCH", "1").env("OPENCODE_DISABLE_AUTOUPDATE", "1");
    Running::start(command).finish()
}

#[test]
fn opencode_calls_a_tool_and_fails_over_from_a_used_up_plan() {
    let Some(program) = tools::opencode() else { return };
    let logins = Logins::new(2);
    let limit = Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3_600) };
    logins.upstream.always(logins.accounts[0], Some(limit));
    let arguments = json!({"command": "echo spoken-$((40+2))", "description": "Speaks"});
    logins.upstream.script(logins.accounts[1], call("bash", &arguments));
    logins.upstream.always(logins.accounts[1], Some(Answer::Say(SAID.to_owned())));
    let output = opencode(&logins, &program);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains(SAID), "{output:?}");
    assert!(tool_result(&logins).contains("spoken-42"), "{}", tool_result(&logins));
    assert_eq!(logins.served_by(), [1, 2, 2]);
}

/// Codex without a screen, by `run`, which leaves it on HTTP.
fn codex_by_run(logins: &Logins, codex: &str) -> Output {
    let words = [codex, "exec", "--skip-git-repo-check", "-c", "model=gpt-5.2", "use your tool"];
    let mut command = tools::through_run(&logins.sandbox, &words);
    command.env("HTTP_PROXY", DEAD_PROXY);
    Running::start(command).finish()
}

/// A tool of Codex that runs a command, as the first request offers it, and its arguments.
fn shell_of_codex(request: &Value) -> (String, Value) {
    let tools = request["tools"].as_array().unwrap();
    let names: Vec<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
    for (name, arguments) in [
        ("exec_command", json!({"cmd": "echo spoken-$((40+2))"})),
        ("shell_command", json!({"command": "echo spoken-$((40+2))"})),
        ("shell", json!({"command": ["sh", "-c", "echo spoken-$((40+2))"]})),
    ] {
        if names.contains(&name) {
            return (name.to_owned(), arguments);
        }
    }
    panic!("Codex offers no shell that is known here: {names:?}");
}

#[test]
fn codex_calls_a_tool_over_http() {
    let Some(codex) = tools::codex() else { return };
    let logins = Logins::new(1);
    logins.upstream.script(logins.accounts[0], Answer::Say("Which tools are there?".to_owned()));
    assert_eq!(codex_by_run(&logins, &codex).code, 0);
    let (name, arguments) = shell_of_codex(&bodies(&logins)[0]);
    logins.upstream.traffic().clear_requests();
    logins.upstream.script(logins.accounts[0], call(&name, &arguments));
    logins.upstream.script(logins.accounts[0], Answer::Say(SAID.to_owned()));
    let output = codex_by_run(&logins, &codex);
    assert_eq!((output.code, output.stdout.trim()), (0, SAID), "{output:?}");
    assert!(tool_result(&logins).contains("spoken-42"), "{}", tool_result(&logins));
}

#[test]
fn codex_goes_on_over_http_after_a_426() {
    let Some(codex) = tools::codex() else { return };
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    logins.upstream.always(logins.accounts[0], Some(Answer::Say(SAID.to_owned())));
    let output = tools::codex_by_socket(&logins.sandbox, &sidecar, &codex);
    assert_eq!((output.code, output.stdout.trim()), (0, SAID), "{output:?}");
    assert!(!output.stderr.contains("Reconnecting"), "it does so at once: {output:?}");
    assert_eq!(logins.served_by(), [1]);
}

#[test]
fn codex_is_told_when_its_plan_is_used_up() {
    let Some(codex) = tools::codex() else { return };
    let logins = Logins::new(1);
    let limit = Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3_600) };
    logins.upstream.always(logins.accounts[0], Some(limit));
    let output = codex_by_run(&logins, &codex);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stderr.contains("hit your usage limit. Try again at"), "{output:?}");
}

/// An SDK's script, with a login and a key.
#[track_caller]
fn check_sdk(words: impl FnOnce(&Sandbox) -> Option<Vec<String>>) {
    let mut logins = Logins::new(1);
    let pool = Pool::new(0);
    let key = crate::support::keys::random_key();
    pool.upstream.add_key(&key);
    logins.sandbox.set("CAM_OPENAI_BASE_URL", &pool.upstream.base_url());
    logins.sandbox.add("a-key", &key);
    let Some(words) = words(&logins.sandbox) else { return };
    logins.upstream.set_text(codex_account_manager::demo::simulated_openai::DEFAULT_TEXT);
    let output = Running::start(tools::through_run(&logins.sandbox, &words)).finish();
    assert_eq!(output.code, 0, "{output:?}");
    eventually("it is recorded", || (logins.served_by().len() >= 5).then_some(()));
    let asked_of_the_key: Vec<String> = pool.upstream.requests().iter().map(|it| it.path_and_query.clone()).collect();
    assert!(asked_of_the_key.contains(&"/v1/embeddings".to_owned()), "{asked_of_the_key:?}");
    assert!(!asked_of_the_key.iter().any(|path| path.contains("responses") || path.contains("chat")));
}

#[test]
fn the_python_sdk_is_served_by_a_login_and_its_embeddings_by_a_key() {
    check_sdk(|_| tools::python("openai_sdk.py"));
}

#[test]
fn the_node_sdk_is_served_by_a_login_and_its_embeddings_by_a_key() {
    check_sdk(|sandbox| tools::node(sandbox, "openai_sdk.mjs"));
}
