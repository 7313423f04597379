//! The real Codex with nothing but ChatGPT logins behind it, on a backend that enforces what the real one does.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Answer, Request, ToolCall};

use crate::support::Running;
use crate::support::logins::Logins;
use crate::support::sandbox::Output;
use crate::support::tools::{self, DEAD_PROXY};

const SAID: &str = "The tool has spoken.";

/// A model whose tools stand in the input, and whose only tool of the machine runs scripts that call the others.
const LITE: &str = "gpt-6-sol";

/// A model that is asked as the API is.
const FULL: &str = "gpt-5.5";

/// A script for that tool: a command, and a search of the web.
const SCRIPT: &str = "
const done = await tools.exec_command({cmd: 'echo spoken-$((40+2))'});
text(done.output);
text(await tools.web__run({search_query: [{q: 'what next?'}]}));
";

/// How Codex asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Http,
    Socket,
}

/// Where Codex finds its models, under a name that makes it ask for all that it asks OpenAI for.
fn provider(base_url: &str, by: By, headers: &str) -> String {
    let sockets = by == By::Socket;
    format!(
        "model_providers.cam={{name=\"OpenAI\",base_url=\"{base_url}\",env_key=\"CAM_KEY\",http_headers={{{headers}}},\
         supports_websockets={sockets},supports_standalone_web_search=true}}"
    )
}

/// Codex without a screen, which is compacted as soon as it has called a tool where it has its tools in the input.
fn codex(logins: &Logins, program: &str, (provider, key): (&str, &str), model: &str) -> Output {
    let mut command = logins.sandbox.program(program);
    let limit = if model == LITE { "9000" } else { "900000" };
    command
        .args(["exec", "--skip-git-repo-check", "-c", "model_provider=cam", "-c", provider])
        .args(["-c", &format!("model={model}"), "-c", &format!("model_auto_compact_token_limit={limit}")])
        .arg("use your tool")
        .env("CAM_KEY", key)
        .env("NO_PROXY", "127.0.0.1")
        .env("HTTPS_PROXY", DEAD_PROXY);
    Running::start(command).finish()
}

/// The same on the proxy of a sidecar.
fn by_sidecar(logins: &Logins, program: &str, by: By, model: &str) -> Output {
    let sidecar = logins.sidecar();
    codex(logins, program, (&provider(sidecar.base_url(), by, ""), sidecar.api_key()), model)
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

/// What the model was asked in a socket, oldest first.
fn said_in_sockets(logins: &Logins) -> Vec<Value> {
    let requests = logins.upstream.requests_of("/backend-api/codex/responses");
    requests.iter().flat_map(|request| &request.messages).map(|text| serde_json::from_str(text).unwrap()).collect()
}

/// The tool has spoken and has found something, and the conversation was compacted and went on.
#[track_caller]
fn check_lite(logins: &Logins, compacted: &Value, went_on: &Value) {
    let output = items(compacted, "custom_tool_call_output")[0]["output"].to_string();
    assert!(output.contains("spoken-42") && output.contains(SAID), "{output}");
    assert_eq!((items(compacted, "compaction_trigger").len(), items(went_on, "compaction").len()), (1, 1));
    assert_eq!(logins.upstream.requests_of("/backend-api/codex/alpha/search").len(), 1);
}

#[test]
fn the_simulated_backend_serves_codex_itself() {
    let Some(program) = tools::codex() else { return };
    let logins = Logins::new(1);
    logins.upstream.script(logins.accounts[0], call("exec", SCRIPT));
    logins.upstream.always(logins.accounts[0], Some(say(SAID)));
    let base_url = format!("{}/backend-api/codex", logins.upstream.base_url());
    let headers = "\"chatgpt-account-id\"=\"workspace-1\",\"version\"=\"0.171.0\"";
    let token = logins.upstream.tokens(logins.accounts[0]).access_token;
    check_said(&codex(&logins, &program, (&provider(&base_url, By::Socket, headers), &token), LITE));
    let said = said_in_sockets(&logins);
    assert_eq!((said.len(), &said[0]["generate"]), (4, &json!(false)), "{said:?}");
    check_lite(&logins, &said[2], &said[3]);
}

#[test]
fn a_lite_model_works_and_is_compacted_on_the_account_after_a_failover() {
    let Some(program) = tools::codex() else { return };
    let logins = Logins::new(2);
    let [first, second] = [logins.accounts[0], logins.accounts[1]];
    logins.upstream.always(first, Some(used_up()));
    logins.upstream.script(second, call("exec", SCRIPT));
    // The search and the compaction take their turns too.
    logins.upstream.always(second, Some(say(SAID)));
    check_said(&by_sidecar(&logins, &program, By::Http, LITE));

    assert_eq!(logins.served_by(), [1, 2, 2, 2]);
    let asked = asked(&logins);
    for (request, body) in &asked {
        assert_eq!(request.header("x-openai-internal-codex-responses-lite"), Some("true"));
        assert_eq!((body.get("instructions"), items(body, "additional_tools").len()), (None, 1));
    }
    check_lite(&logins, &asked[2].1, &asked[3].1);
    // The compaction read what went before it from the cache.
    assert_eq!(logins.upstream.cache_counts(second).hits, 1);
}

#[test]
fn a_lite_model_works_over_a_socket_that_another_login_took_over() {
    let Some(program) = tools::codex() else { return };
    let logins = Logins::new(2);
    let [first, second] = [logins.accounts[0], logins.accounts[1]];
    logins.upstream.always(first, Some(used_up()));
    logins.upstream.script(second, call("exec", SCRIPT));
    logins.upstream.always(second, Some(say(SAID)));
    check_said(&by_sidecar(&logins, &program, By::Socket, LITE));

    let asked = logins.upstream.requests_of("/backend-api/codex/responses");
    assert!(asked.iter().all(|request| request.method == "GET"), "all of it went through sockets: {asked:?}");
    assert_eq!(logins.served_by(), [1, 2]);
    let said = said_in_sockets(&logins);
    let [.., compacted, went_on] = &said[..] else { panic!("{said:?}") };
    check_lite(&logins, compacted, went_on);
}

#[test]
fn a_full_model_fails_over_between_its_tool_and_its_answer() {
    let Some(program) = tools::codex() else { return };
    let logins = Logins::new(2);
    let [first, second] = [logins.accounts[0], logins.accounts[1]];
    logins.upstream.script(first, call("exec_command", &json!({"cmd": "echo spoken-$((40+2))"}).to_string()));
    logins.upstream.script(first, used_up());
    logins.upstream.script(second, say(SAID));
    check_said(&by_sidecar(&logins, &program, By::Http, FULL));

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
    logins.upstream.set_websocket(false);
    logins.upstream.always(logins.accounts[0], Some(say(SAID)));
    let output = tools::codex_by_socket(&logins.sandbox, &sidecar, &program);
    check_said(&output);
    assert!(!output.stderr.contains("Reconnecting"), "it does so at once: {output:?}");
    assert_eq!(logins.served_by(), [1, 1]);
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
