//! The models that OpenCode lists, begins with and asks for titles are the pool's.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::api::Answer as KeyAnswer;
use simulated_openai::chatgpt::{Answer, ToolCall};

use super::home::{STORED_LOGIN, asked, plug_in, plugged_in};
use super::server::{Server, message_to};
use crate::support::logins::Logins;
use crate::support::terminal::Terminal;
use crate::support::{Pool, Running, Sandbox, eventually};

/// `opencode run` with no model named; what it says.
#[track_caller]
fn run(sandbox: &Sandbox, opencode: &str, words: &[&str]) {
    let mut command = sandbox.program(opencode);
    command.arg("run").args(words);
    let done = Running::start(command).finish();
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stdout.starts_with("Hello from the simulated "), "{done:?}");
}

fn model_of(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    body["model"].as_str().unwrap().to_owned()
}

/// The models of the two requests that a session without a title begins with, sorted; both are then forgotten.
#[track_caller]
fn asked_for(pool: &Pool) -> Vec<String> {
    eventually("the title is asked for too", || (asked(pool).len() == 2).then_some(()));
    let mut models: Vec<String> = asked(pool).iter().map(|request| model_of(&request.body)).collect();
    models.sort();
    pool.upstream.traffic().clear_requests();
    models
}

#[test]
fn a_fresh_opencode_begins_with_a_model_of_the_keys_and_lists_no_other() {
    let Some((opencode, pool)) = plugged_in(1, &json!({})) else { return };
    let server = Server::start(&pool.sandbox, &opencode);
    server.say_hi_to_any(&server.begin_untitled());
    assert_eq!(
        asked_for(&pool),
        ["gpt-4o-mini", "gpt-5.4"],
        "the title's is the cheapest, and a key is no reason for OpenCode's own"
    );

    // OpenCode's own ChatGPT plugin hides what a login does not serve; the cost and the rest come from its catalogue.
    let stored = pool.sandbox.path("data/opencode/auth.json");
    let plain = server.models();
    let mut of_text: Vec<&String> = plain.keys().filter(|id| !id.starts_with("text-")).collect();
    of_text.sort();
    let expected = "gpt-4.1 gpt-4o gpt-4o-mini gpt-5-mini gpt-5.2 gpt-5.3-codex gpt-5.4 gpt-5.4-fast o3";
    assert_eq!(of_text, expected.split(' ').collect::<Vec<_>>());
    assert_eq!(
        (&plain["gpt-5.4"]["cost"]["input"], &plain["gpt-5.4"]["limit"]["context"]),
        (&json!(2.5), &json!(1_050_000))
    );
    std::fs::write(&stored, STORED_LOGIN).unwrap();
    server.begin_again();
    let hidden = server.models();
    let missing: Vec<&&String> = of_text.iter().filter(|id| !hidden.contains_key(**id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn logins_serve_a_tool_call_and_a_failover_within_one_session_and_cost_nothing() {
    let mut logins = Logins::new(2);
    let Some(opencode) = plug_in(&mut logins.sandbox, &json!({}), &json!({})) else { return };
    let call = ToolCall { name: "openai-accounts".to_owned(), arguments: "{}".to_owned() };
    let limit = Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3600) };
    let first = logins.accounts[0];
    logins.upstream.script(first, Answer::CallTools(vec![call]));
    let server = Server::start(&logins.sandbox, &opencode);
    server.say_hi_to_any(&server.session);
    assert_eq!(logins.served_by(), [1, 1]);
    logins.upstream.always(first, Some(limit));
    server.begin_again();
    server.say(&server.session, &message_to("gpt-5.5"));
    assert_eq!(logins.served_by()[2..], [1, 2]);

    let requests = logins.upstream.requests_of("/backend-api/codex/responses");
    let models: Vec<String> = requests.iter().map(|request| model_of(&request.body)).collect();
    assert_eq!(
        models,
        ["gpt-6.2-sol", "gpt-6.2-sol", "gpt-5.5", "gpt-5.5"],
        "what the backend puts first, which is lite"
    );
    let last: Value = serde_json::from_slice(&requests.last().unwrap().body).unwrap();
    assert!(last["input"].to_string().contains("OpenAI Accounts (2):"), "the call's result went along: {last}");
    for header in ["session-id", "originator"] {
        let mut said: Vec<Option<&str>> = requests.iter().map(|request| request.header(header)).collect();
        said.dedup();
        assert!(said.len() == 1 && said[0].is_some(), "{header}: {said:?}");
    }
    let models = server.models();
    let costs = |model: &Value| model["cost"]["input"] != 0 || model["cost"]["output"] != 0;
    assert!(!models.is_empty() && !models.values().any(costs), "{models:?}");
    assert!(!models.contains_key("gpt-5.6-terra-pro") && !models.contains_key("gpt-4.1"), "{:?}", models.keys());
    let newest = &models["gpt-6.2-sol"];
    assert_eq!((&newest["limit"]["input"], &newest["capabilities"]["reasoning"]), (&json!(500_000), &json!(true)));
    let efforts: Vec<&String> = models["gpt-5.6-terra"]["variants"].as_object().unwrap().keys().collect();
    assert_eq!(efforts, ["low", "medium", "high", "xhigh", "max"], "`none` is no effort of the backend's");
}

#[test]
fn a_persons_own_choices_win() {
    let mut pool = Pool::new(1);
    pool.upstream.spare_listings(true);
    let models = json!({ "of-my-own": { "name": "Mine", "limit": { "context": 5, "output": 5 } } });
    let provider = json!({ "openai": { "models": models, "blacklist": ["gpt-5.4"] } });
    let config = json!({ "provider": provider, "small_model": "openai/gpt-4.1" });
    let Some(opencode) = plug_in(&mut pool.sandbox, &config, &json!({})) else { return };
    let server = Server::start(&pool.sandbox, &opencode);
    server.say_hi_to_any(&server.begin_untitled());
    assert_eq!(asked_for(&pool), ["gpt-4.1", "gpt-5.2"], "not the newest, which is not to be listed");
    let models = server.models();
    assert_eq!(models["of-my-own"]["limit"]["context"], 5);
    assert!(!models.contains_key("gpt-5.4"));

    // What was chosen in the screen.
    let state = pool.sandbox.path("state/opencode");
    std::fs::create_dir_all(&state).unwrap();
    let recent = json!({ "recent": [{ "providerID": "openai", "modelID": "gpt-4o" }] });
    std::fs::write(state.join("model.json"), recent.to_string()).unwrap();
    server.begin_again();
    server.say_hi_to_any(&server.begin_untitled());
    assert_eq!(asked_for(&pool), ["gpt-4.1", "gpt-4o"]);
    drop(server);

    let config = json!({ "disabled_providers": ["openai"] });
    plug_in(&mut pool.sandbox, &config, &json!({})).unwrap();
    let mut command = pool.sandbox.program(&opencode);
    command.args(["models", "openai"]);
    let done = Running::start(command).finish();
    assert!(done.code != 0 && done.stderr.contains("Provider not found: openai"), "{done:?}");
}

#[test]
fn a_fresh_screen_begins_with_the_newest_model_of_the_keys() {
    let Some((opencode, pool)) = plugged_in(1, &json!({})) else { return };
    let Some(screen) = Terminal::start_line(&pool.sandbox, &format!("stty cols 120 rows 40; exec {opencode}")) else {
        return;
    };
    screen.wait_for("GPT-5.4");
}

#[test]
fn a_list_that_does_not_come_keeps_nobody() {
    let Some((opencode, pool)) = plugged_in(1, &json!({})) else { return };
    pool.upstream.spare_listings(false);
    pool.script(1, KeyAnswer::Late(Duration::from_secs(3600), Box::new(KeyAnswer::Normal)));
    run(&pool.sandbox, &opencode, &["--title", "t", "say hi"]);
}

#[test]
fn without_an_account_a_request_ends_with_what_to_do() {
    let Some((opencode, pool)) = plugged_in(0, &json!({})) else { return };
    let mut command = pool.sandbox.program(&opencode);
    command.args(["run", "say hi"]);
    let done = Running::start(command).finish();
    assert_eq!(done.code, 1, "{done:?}");
    assert!(
        done.stderr.contains("there is no account yet; add a key with `codex-account-manager add LABEL`"),
        "{done:?}"
    );
}
