//! The real OpenCode and the official SDKs with nothing but ChatGPT logins behind them.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Answer, ToolCall};

use crate::support::logins::Logins;
use crate::support::sandbox::Output;
use crate::support::tools;
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

/// OpenCode on a model that Codex asks in Responses Lite; OpenCode asks it as the API is asked.
fn opencode(logins: &Logins, opencode: &str) -> Output {
    let words = [opencode, "run", "-m", "openai/gpt-6-sol", "--title", "t", "use your tool"];
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
    logins.upstream.set_text(simulated_openai::api::DEFAULT_TEXT);
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
