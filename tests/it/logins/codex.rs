//! The real Codex with nothing but ChatGPT logins behind it, on a backend that enforces what the real one does.

use std::time::Duration;

use codex_account_manager::demo::simulated_chatgpt::{Answer, Request, ToolCall};
use serde_json::{Value, json};

use crate::support::Running;
use crate::support::logins::Logins;
use crate::support::sandbox::Output;
use crate::support::tools::{self, DEAD_PROXY};

const SAID: &str = "The tool has spoken.";

/// A model whose tools stand in the input, and whose only tool of the machine runs scripts that call the others.
const LITE: &str = "gpt-6-sol";

/// A model that is asked as the API is.
const FULL: &str = "gpt-5.5";

/// Codex without a screen on the proxy of a sidecar. Under this name it asks for what it asks OpenAI for.
fn codex(logins: &Logins, program: &str, words: &[&str]) -> Output {
    let sidecar = logins.sidecar();
    let provider = format!(
        "model_providers.cam={{name=\"OpenAI\",base_url=\"{}\",env_key=\"CAM_KEY\",supports_websockets=false}}",
        sidecar.base_url()
    );
    let mut command = logins.sandbox.program(program);
    command
        .args(["exec", "--skip-git-repo-check", "-c", "model_provider=cam", "-c", &provider])
        .args(words)
        .env("CAM_KEY", sidecar.api_key())
        .env("NO_PROXY", "127.0.0.1")
        .env("HTTPS_PROXY", DEAD_PROXY);
    Running::start(command).finish()
}

/// What was asked of the model, oldest first.
fn asked(logins: &Logins) -> Vec<(Request, Value)> {
    let requests = logins.upstream.requests_of("/backend-api/codex/responses").into_iter();
    requests.map(|request| (request.clone(), serde_json::from_slice(&request.body).unwrap())).collect()
}

/// The items of `kind` in the input of a request.
fn items<'b>(body: &'b Value, kind: &str) -> Vec<&'b Value> {
    body["input"].as_array().unwrap().iter().filter(|item| item["type"] == *kind).collect()
}

fn call(name: &str, arguments: &str) -> Answer {
    Answer::CallTools(vec![ToolCall { name: name.to_owned(), arguments: arguments.to_owned() }])
}

fn say(text: &str) -> Answer {
    Answer::Say(text.to_owned())
}

fn used_up() -> Answer {
    Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3_600) }
}

#[track_caller]
fn check_said(output: &Output) {
    assert_eq!((output.code, output.stdout.trim()), (0, SAID), "{output:?}");
}

#[test]
fn a_lite_model_calls_a_tool_and_is_compacted_on_the_account_after_a_failover() {
    let Some(program) = tools::codex() else { return };
    let logins = Logins::new(2);
    let [first, second] = [logins.accounts[0], logins.accounts[1]];
    logins.upstream.script(first, used_up());
    let script = "const done = await tools.exec_command({cmd: 'echo spoken-$((40+2))'}); text(done.output);";
    logins.upstream.script(second, call("exec", script));
    // The compaction takes its turn too.
    logins.upstream.always(second, Some(say(SAID)));
    let model = format!("model={LITE}");
    check_said(&codex(
        &logins,
        &program,
        &["-c", &model, "-c", "model_auto_compact_token_limit=9000", "use your tool"],
    ));

    assert_eq!(logins.served_by(), [1, 2, 2, 2]);
    let asked = asked(&logins);
    for (request, body) in &asked {
        assert_eq!(request.header("x-openai-internal-codex-responses-lite"), Some("true"));
        assert_eq!((body.get("instructions"), items(body, "additional_tools").len()), (None, 1));
    }
    let compacted = &asked[2].1;
    assert!(items(compacted, "custom_tool_call_output")[0]["output"].to_string().contains("spoken-42"), "{compacted}");
    assert_eq!((items(compacted, "compaction_trigger").len(), items(&asked[3].1, "compaction").len()), (1, 1));
    // What went before the compaction was read from the cache by it.
    assert_eq!(logins.upstream.cache_counts(second).hits, 1);
}

#[test]
fn a_full_model_fails_over_between_its_tool_and_its_answer() {
    let Some(program) = tools::codex() else { return };
    let logins = Logins::new(2);
    let [first, second] = [logins.accounts[0], logins.accounts[1]];
    logins.upstream.script(first, call("exec_command", &json!({"cmd": "echo spoken-$((40+2))"}).to_string()));
    logins.upstream.script(first, used_up());
    logins.upstream.script(second, say(SAID));
    check_said(&codex(&logins, &program, &["-c", &format!("model={FULL}"), "use your tool"]));

    assert_eq!(logins.served_by(), [1, 1, 2]);
    let asked = asked(&logins);
    let of_turn = |at: usize| asked[at].0.header("x-codex-turn-state").is_some();
    assert_eq!([of_turn(0), of_turn(1), of_turn(2)], [false, true, false], "it goes to its account alone");
    let last = &asked[2].1;
    assert!(items(last, "function_call_output")[0]["output"].to_string().contains("spoken-42"), "{last}");
    assert_eq!((items(&asked[1].1, "reasoning").len(), items(last, "reasoning").len()), (1, 0));
}

/// By `run`, as a person starts it.
fn by_run(logins: &Logins, program: &str) -> Output {
    let words = [program, "exec", "--skip-git-repo-check", "-c", "model=gpt-5.2", "use your tool"];
    let mut command = tools::through_run(&logins.sandbox, &words);
    command.env("HTTP_PROXY", DEAD_PROXY);
    Running::start(command).finish()
}

#[test]
fn codex_goes_on_over_http_after_a_426() {
    let Some(program) = tools::codex() else { return };
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    logins.upstream.always(logins.accounts[0], Some(say(SAID)));
    let output = tools::codex_by_socket(&logins.sandbox, &sidecar, &program);
    check_said(&output);
    assert!(!output.stderr.contains("Reconnecting"), "it does so at once: {output:?}");
    assert_eq!(logins.served_by(), [1]);
}

#[test]
fn codex_is_told_when_its_plan_is_used_up() {
    let Some(program) = tools::codex() else { return };
    let logins = Logins::new(1);
    logins.upstream.always(logins.accounts[0], Some(used_up()));
    let output = by_run(&logins, &program);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stderr.contains("hit your usage limit. Try again at"), "{output:?}");
}
